//! Three texts, merged by line; and two texts with their differences between conflict marks.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use zeroize::Zeroizing;

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// For each line of the old text, where it stands in the new one.
fn places(old: &[&str], new: &[&str]) -> Vec<Option<usize>> {
    let mut places = vec![None; old.len()];
    for op in capture_diff_slices(Algorithm::Patience, old, new) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            (0..len).for_each(|at| places[old_index + at] = Some(new_index + at));
        }
    }
    places
}

/// Merges by line. None where both sides changed the same lines, and not to the same.
pub(crate) fn merge(base: &str, ours: &str, theirs: &str) -> Option<Zeroizing<String>> {
    let (base, ours, theirs) = (lines(base), lines(ours), lines(theirs));
    let (in_ours, in_theirs) = (places(&base, &ours), places(&base, &theirs));
    let mut merged = Zeroizing::new(String::with_capacity(ours.concat().len() + theirs.concat().len()));
    let (mut at, mut our, mut their) = (0, 0, 0);
    loop {
        // The next line that all three have: what stands before it is one region.
        let anchor = (at..base.len()).find(|line| in_ours[*line].is_some() && in_theirs[*line].is_some());
        let (next, our_next, their_next) = match anchor {
            Some(line) => (line, in_ours[line].unwrap_or(our), in_theirs[line].unwrap_or(their)),
            None => (base.len(), ours.len(), theirs.len()),
        };
        let (old, mine, other) = (&base[at..next], &ours[our..our_next], &theirs[their..their_next]);
        let chosen = if mine == old || mine == other {
            other
        } else if other == old {
            mine
        } else {
            return None;
        };
        chosen.iter().for_each(|line| merged.push_str(line));
        let Some(line) = anchor else { return Some(merged) };
        merged.push_str(base[line]);
        (at, our, their) = (line + 1, our_next + 1, their_next + 1);
    }
}

/// Our text, with marks as Git has them around each place where theirs differs.
pub(crate) fn with_marks(ours: &str, theirs: &str, our_name: &str, their_name: &str) -> String {
    let (ours, theirs) = (lines(ours), lines(theirs));
    let mut text = String::new();
    let mut push = |line: &str| {
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push('\n');
        }
    };
    for op in capture_diff_slices(Algorithm::Patience, &ours, &theirs) {
        let (mine, other) = (&ours[op.old_range()], &theirs[op.new_range()]);
        if let DiffOp::Equal { .. } = op {
            mine.iter().for_each(|line| push(line));
            continue;
        }
        push(&format!("<<<<<<< {our_name}"));
        mine.iter().for_each(|line| push(line));
        push("=======");
        other.iter().for_each(|line| push(line));
        push(&format!(">>>>>>> {their_name}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_sides_go_together() {
        let base = "a\nb\nc\nd\ne\n";
        for (ours, theirs, merged) in [
            ("a\nB\nc\nd\ne\n", "a\nb\nc\nd\nE\n", Some("a\nB\nc\nd\nE\n")),
            ("a\nb\nc\nd\ne\nf\n", "b\nc\nd\ne\n", Some("b\nc\nd\ne\nf\n")),
            ("a\nX\nc\nd\ne\n", "a\nX\nc\nd\ne\n", Some("a\nX\nc\nd\ne\n")),
            ("a\nX\nc\nd\ne\n", "a\nY\nc\nd\ne\n", None),
            (base, "", Some("")),
            ("", base, Some("")),
        ] {
            assert_eq!(merge(base, ours, theirs).as_ref().map(|text| text.as_str()), merged, "{ours:?} {theirs:?}");
        }
    }

    #[test]
    fn marks_stand_around_what_differs() {
        assert_eq!(
            with_marks("a\nb\nc\nd\n", "a\nB\nc\nd", "ours", "theirs"),
            "a\n<<<<<<< ours\nb\n=======\nB\n>>>>>>> theirs\nc\n<<<<<<< ours\nd\n=======\nd\n>>>>>>> theirs\n"
        );
    }
}
