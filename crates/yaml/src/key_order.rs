//! The order in which go-yaml prints keys.
//!
//! Letters after everything else, letters by code point, runs of digits as numbers. That is no order: by Go's rules "9" stands
//! before "10", "10" before "1a", and "1a" before "9", so Go's own output for such keys changes from run to run. Here the
//! keys are first put in code point order and then merge-sorted by Go's rules, which gives Go's order wherever Go has one
//! and always the same order for the same keys.

use std::cmp::Ordering;

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// Puts entries in printing order.
pub(crate) fn sort<V: Copy>(entries: &mut [(&str, V)]) {
    entries.sort_unstable_by_key(|(key, _)| *key);
    // Most mappings are in order now, as their keys are words.
    if !entries.is_sorted_by(|(a, _), (b, _)| !less(b, a)) {
        merge_sort(entries);
    }
}

/// The library's sorts may panic on an order that is none.
fn merge_sort<V: Copy>(entries: &mut [(&str, V)]) {
    if entries.len() < 2 {
        return;
    }
    let (left, right) = entries.split_at_mut(entries.len() / 2);
    merge_sort(left);
    merge_sort(right);
    let (left, right) = (left.to_vec(), right.to_vec());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    for slot in entries {
        let next = match (left.peek(), right.peek()) {
            (Some((a, _)), Some((b, _))) if less(b, a) => right.next(),
            (Some(_), _) => left.next(),
            (None, _) => right.next(),
        };
        if let Some(next) = next {
            *slot = next;
        }
    }
}

/// Whether Go prints key `a` before key `b`.
pub(crate) fn less(a: &str, b: &str) -> bool {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let start = (0..=same).rev().find(|index| a.is_char_boundary(*index) && b.is_char_boundary(*index)).unwrap_or(0);
    let (Some(first_a), Some(first_b)) = (a[start..].chars().next(), b[start..].chars().next()) else {
        return a.len() < b.len();
    };
    match (is_letter(first_a), is_letter(first_b)) {
        (true, true) => return first_a < first_b,
        (false, false) => {}
        (_, b_is_letter) => return b_is_letter,
    }
    // Zeros that do not lead their run count: 1 stands for the digits before.
    let prefix = if first_a == '0' || first_b == '0' { within_number(&a[..start]) } else { 0 };
    let (number_a, length_a) = number(prefix, &a[start..]);
    let (number_b, length_b) = number(prefix, &b[start..]);
    match number_a.cmp(&number_b).then(length_a.cmp(&length_b)) {
        Ordering::Equal => first_a < first_b,
        order => order == Ordering::Less,
    }
}

/// 1 if the text ends in digits that are not all zeros, otherwise 0.
fn within_number(text: &str) -> i64 {
    i64::from(text.chars().rev().take_while(|letter| is_digit(*letter)).any(|digit| digit != '0'))
}

/// The number that the leading digits make after `start`, in Go's wrapping arithmetic, and how many they are.
fn number(start: i64, text: &str) -> (i64, usize) {
    text.chars().take_while(|letter| is_digit(*letter)).fold((start, 0), |(number, length), digit| {
        let digit = i64::from(u32::from(digit)) - i64::from(u32::from('0'));
        (number.wrapping_mul(10).wrapping_add(digit), length + 1)
    })
}

fn is_letter(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_alphabetic();
    }
    letter.general_category_group() == GeneralCategoryGroup::Letter
}

fn is_digit(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_digit();
    }
    letter.general_category() == GeneralCategory::DecimalNumber
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(keys: &[&'static str]) -> Vec<&'static str> {
        let mut entries: Vec<_> = keys.iter().map(|key| (*key, ())).collect();
        sort(&mut entries);
        entries.into_iter().map(|(key, ())| key).collect()
    }

    #[test]
    fn digits_are_numbers_and_come_before_letters() {
        assert_eq!(order(&["a10", "a9", "B", "a", "_", "10", "9", "é"]), ["_", "9", "10", "B", "a", "a9", "a10", "é"]);
    }

    #[test]
    fn zeros() {
        assert_eq!(order(&["a1", "a01", "a001", "a10", "a100"]), ["a1", "a01", "a001", "a10", "a100"]);
        assert!(less("1", "01") && less("a10", "a11") && less("a09", "a10"));
    }

    #[test]
    fn go_has_no_order_for_these_but_we_do() {
        assert!(less("9", "10") && less("10", "1a") && less("1a", "9"));
        let once = order(&["9", "10", "1a"]);
        assert_eq!(order(&["1a", "9", "10"]), once);
        assert_eq!(order(&["10", "1a", "9"]), once);
    }

    #[test]
    fn long_digit_runs_wrap() {
        let run = "9".repeat(100);
        let longer = "9".repeat(101);
        let _ = (less(&run, &longer), less(&longer, &run));
    }
}
