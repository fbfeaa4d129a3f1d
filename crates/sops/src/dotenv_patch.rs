//! Writes a changed tree into the dotenv text it was read from, empty lines and all.

use zeroize::Zeroizing;

use crate::align::{Step, align_items};
use crate::dotenv;
use crate::same::{Extent, same_items};
use crate::tree::Item;

/// The text with the new tree in the place of the old one: lines that say the same stay as they are.
pub(crate) fn patch(text: &[u8], old: &[Item], new: &[Item]) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len() * 2));
    let mut lines = text.split_inclusive(|byte| *byte == b'\n').peekable();
    for step in align_items(old, new) {
        if let Step::Keep(..) | Step::Delete(_) = step {
            while let Some(blank) = lines.next_if(|line| matches!(line, [b'\n'])) {
                out.extend_from_slice(blank);
            }
        }
        match step {
            Step::Keep(old, new) => {
                let line = lines.next()?;
                let same = same_items(std::slice::from_ref(old), std::slice::from_ref(new), Extent::Comments);
                if same {
                    out.extend_from_slice(line)
                } else {
                    push(new, &mut out)?
                }
                end_line(&mut out);
            }
            Step::Delete(_) => {
                lines.next()?;
            }
            Step::Insert(item) => push(item, &mut out)?,
        }
    }
    lines.for_each(|line| out.extend_from_slice(line));
    Some(out)
}

fn push(item: &Item, out: &mut Vec<u8>) -> Option<()> {
    let line = dotenv::print(&vec![item.clone()], 0).ok()?;
    out.extend_from_slice(&line);
    Some(())
}

/// The last line may lack its end, and others may come to stand below it.
fn end_line(out: &mut Vec<u8>) {
    if !out.ends_with(b"\n") {
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_did_not_change_stay() {
        let old = dotenv::read(b"A=1\n\n\n#c\nB=2\n\nC=3").unwrap();
        let new = dotenv::read(b"A=1\n#c\nB=x\nD=4\n").unwrap();
        let patched = patch(b"A=1\n\n\n#c\nB=2\n\nC=3", &old, &new).unwrap();
        assert_eq!(std::str::from_utf8(&patched).unwrap(), "A=1\n\n\n#c\nB=x\n\nD=4\n");
    }
}
