//! The lines of a file that a fault is about, unless they could hold a secret.

use std::ops::Range;

use windlass_manifest::Origin;
use windlass_render::{BuildError, Fault};

use super::{Sources, wording};

/// A piece of a file, and what to mark in it; spans count bytes of `text`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// The number of the first line of `text`.
    pub(super) first_line: usize,
    pub(super) marked: Range<usize>,
    /// Another place that helps to understand, and why.
    pub(super) context: Option<(Range<usize>, &'static str)>,
}

impl Excerpt {
    /// The line of a fault; `None` where it is not known or must not be shown.
    pub(super) fn of_fault(error: &BuildError, sources: &Sources<'_>) -> Option<Self> {
        if is_about_a_secret(&error.fault) {
            return None;
        }
        // A URL that is told without its credentials has them where it is written.
        if error.fault.to_string().contains("***@") {
            return None;
        }
        let text = showable_text(&error.origin, sources)?;
        let number = error.origin.line()?;
        let column = match &error.fault {
            Fault::Yaml(fault) if fault.position().line == number => Some(fault.position().column),
            _ => None,
        };
        let mut excerpt = Self::line(&text, number, column, wording::needle(&error.fault))?;
        if let Fault::Yaml(windlass_yaml::Error::DuplicateKey { first, again, .. }) = &error.fault
            && again.line == number
        {
            excerpt.prepend(&text, first.line, first.column, "first given here");
        }
        Some(excerpt)
    }

    /// The line at `origin`.
    pub(super) fn of_line(origin: &Origin, sources: &Sources<'_>) -> Option<Self> {
        Self::line(&showable_text(origin, sources)?, origin.line()?, None, None)
    }

    /// Line `number` of `text`; marked is what stands at `column`, or `needle`, or all of it but blanks and dashes.
    /// Past the end of the text it is the last line, and its end is marked.
    fn line(text: &str, number: usize, column: Option<usize>, needle: Option<&str>) -> Option<Self> {
        let Some(line) = text.lines().nth(number.checked_sub(1)?) else {
            let (index, line) = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).last()?;
            let end = line.trim_end().len();
            return Some(Self { text: line.to_owned(), first_line: index + 1, marked: end..end, context: None });
        };
        let found = needle.and_then(|needle| line.find(needle).map(|start| start..start + needle.len()));
        let marked = match (column, found) {
            (Some(column), _) => token(line, column),
            (None, Some(found)) => found,
            (None, None) => content(line),
        };
        Some(Self { text: line.to_owned(), first_line: number, marked, context: None })
    }

    /// Begins the excerpt at an earlier line and marks what stands there, too.
    fn prepend(&mut self, text: &str, line: usize, column: usize, label: &'static str) {
        if line >= self.first_line {
            return;
        }
        let lines: Vec<&str> = text.lines().collect();
        let Some(above) = lines.get(line - 1..self.first_line - 1) else { return };
        let context = token(above[0], column);
        let above = above.join("\n") + "\n";
        self.marked = self.marked.start + above.len()..self.marked.end + above.len();
        self.text.insert_str(0, &above);
        self.first_line = line;
        self.context = Some((context, label));
    }
}

/// The text of the file at `origin`, if all that stands around its line may be shown.
fn showable_text(origin: &Origin, sources: &Sources<'_>) -> Option<String> {
    let file = origin.file()?;
    let readable = [".yaml", ".yml", ".json"].iter().any(|ending| file.ends_with(ending));
    if !readable && !file.ends_with("Kustomization") {
        // Sources of generators: nobody can tell whether they are secrets.
        return None;
    }
    let text = sources.text(file)?;
    (!may_hold_secrets(&text, origin.line()?)).then_some(text)
}

/// Whether a fault is about an object that is a Secret, whatever file it is in.
fn is_about_a_secret(fault: &Fault) -> bool {
    match fault {
        Fault::PatchFailed { target, .. } | Fault::Transform { target, .. } => target.starts_with("Secret"),
        Fault::Generator { generator, .. } => *generator == "secretGenerator",
        Fault::NoTarget { id, .. } | Fault::ManyTargets { id, .. } => id.starts_with("Secret"),
        _ => false,
    }
}

/// Whether the document around a line is a Secret, or the line is in a list of generated ones. The text may be
/// malformed, so this looks at it as text, and rather sees too much than too little.
fn may_hold_secrets(text: &str, number: usize) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let index = number.saturating_sub(1).min(lines.len().saturating_sub(1));
    let start = lines[..index].iter().rposition(|line| is_separator(line)).map_or(0, |at| at + 1);
    let end =
        lines[index..].iter().skip(1).position(|line| is_separator(line)).map_or(lines.len(), |at| index + 1 + at);
    let document = &lines[start..end.max(start)];
    let block = document[..(index - start + 1).min(document.len())].iter().rev().find(|line| is_top_level(line));
    document.iter().any(|line| names_secret(line)) || block.is_some_and(|line| line.contains("secretGenerator"))
}

/// Whether a line stands between two documents.
fn is_separator(line: &str) -> bool {
    line.starts_with("---")
}

/// Whether a line starts a field at the left edge.
fn is_top_level(line: &str) -> bool {
    line.chars().next().is_some_and(|first| !first.is_whitespace() && !['-', '#', ']', '}'].contains(&first))
}

/// Whether a line says `kind: Secret`, in whatever style.
fn names_secret(line: &str) -> bool {
    line.match_indices("kind").any(|(at, word)| {
        let rest = line[at + word.len()..].trim_start_matches(['"', '\'', ':', ' ', '\t']);
        rest.starts_with("Secret")
    })
}

/// What stands at a column (from 1, in characters): up to the end of the line, without a comment or blanks behind; or
/// the blanks, where the column is one.
fn token(line: &str, column: usize) -> Range<usize> {
    let start = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    let blanks = line[start..].len() - line[start..].trim_start().len();
    if blanks > 0 {
        return start..start + blanks;
    }
    let rest = line[start..].split(" #").next().unwrap_or_default().trim_end();
    start..start + rest.len()
}

/// A line without its indentation, the dash of a list, and a comment behind.
fn content(line: &str) -> Range<usize> {
    let start = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    let rest = line[start..].split(" #").next().unwrap_or_default().trim_end();
    start..start + rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIXED: &str = "kind: ConfigMap\ndata: {a: b}\n---\nmetadata:\n  name: x\nkind: Secret\ndata: {p: hidden}\n\
                         ---\nkind: Service\n";

    #[test]
    fn secrets_are_seen_wherever_the_line_is_in_them() {
        let hidden: Vec<usize> = (1..=9).filter(|line| may_hold_secrets(MIXED, *line)).collect();
        // The separators count to either side.
        assert_eq!(hidden, [3, 4, 5, 6, 7, 8]);
        assert!(may_hold_secrets("{\"kind\": \"Secret\", \"data\": {}}", 1));
        assert!(may_hold_secrets("- kind: List\n  items: [{kind: 'Secret'}]", 1));
        assert!(!may_hold_secrets("", 5));
    }

    #[test]
    fn the_literals_of_a_secret_generator_are_not_shown() {
        let text = "resources:\n- a\nsecretGenerator:\n- name: x\n  literals:\n  - a\nimages: []\n";
        let hidden: Vec<usize> = (1..=7).filter(|line| may_hold_secrets(text, *line)).collect();
        assert_eq!(hidden, [3, 4, 5, 6]);
    }

    #[test]
    fn the_fault_is_marked_as_narrowly_as_it_is_known() {
        let text = "a:\n  - ./web.yaml # the web\n";
        let marked = |column, needle| Excerpt::line(text, 2, column, needle).map(|excerpt| excerpt.marked);
        assert_eq!(marked(None, None), Some(4..14));
        assert_eq!(marked(None, Some("web.yaml")), Some(6..14));
        assert_eq!(marked(Some(3), Some("web.yaml")), Some(2..14));
        assert_eq!(token("\tname: web", 1), 0..1);
        assert_eq!(
            Excerpt::line(text, 9, None, None).map(|excerpt| (excerpt.first_line, excerpt.marked)),
            Some((2, 24..24))
        );
        assert_eq!(Excerpt::line("", 1, None, None), None);
    }
}
