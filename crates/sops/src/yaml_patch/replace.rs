//! Replaces one value in a YAML text.

use zeroize::Zeroizing;

use super::{Patcher, Place};
use crate::tree::Node;
use crate::yaml_layout::Layout;
use crate::{yaml_flow, yaml_print};

impl Patcher<'_> {
    /// Puts another value into the place of one, with all that belongs to that.
    pub(super) fn replace(&mut self, node: &windlass_yaml::Node, old: &Node, new: &Node, place: &Place) -> Option<()> {
        let before = self.next;
        let (start, deep_end) = (self.spans.start(node)?, self.spans.deep_end(node)?);
        self.skip(old)?;
        if self.in_flow {
            let mut text = Zeroizing::new(String::from(if start == deep_end { " " } else { "" }));
            yaml_flow::print(new, &mut text);
            self.edits.push(start..deep_end, text);
            return Some(());
        }
        let end = self.end_with_comments(deep_end, before)?;
        let header = self.spans.block_header(node)?;
        let line_end = self.lines().line_end(header.as_ref().map_or(end, |header| header.end));
        let text = self.lines().text();
        let tail_start = header.as_ref().map_or(end, |header| header.end);
        let has_comment = !text[tail_start..line_end].trim().is_empty();
        let new_text = self.print(new, place, !has_comment);
        let is_block = new_text.starts_with('\n');
        let head = header.as_ref().map_or(end, |header| header.end);
        // The blanks before a value stay where it stays on its line.
        let beside = start < deep_end && !text[place.after..start].contains('\n') && !is_block;
        let (from, new_text) = match new_text.strip_prefix(' ') {
            Some(behind_blank) if beside && place.after < start => (start, Zeroizing::new(behind_blank.to_owned())),
            _ => (place.after, new_text),
        };
        match (has_comment, is_block) {
            (false, _) => self.edits.push(from..end, new_text),
            (true, false) => self.edits.push(from..head, new_text),
            (true, true) => {
                self.edit(place.after..head, "");
                self.edits.push(line_end..line_end, new_text);
            }
        }
        if has_comment && header.is_some() {
            self.edit(line_end..end.max(line_end), "");
        }
        Some(())
    }

    /// What comes behind the colon or dash, without a final line break.
    fn print(&self, new: &Node, place: &Place, literals: bool) -> Zeroizing<String> {
        if let Some(written) = new.as_text().and_then(|text| self.written.get(&text)) {
            return Zeroizing::new(format!(" {written}"));
        }
        let layout = Layout { literals, ..self.layout };
        let mut text = if place.in_list {
            let lines = yaml_print::item(new, place.indent, layout);
            Zeroizing::new(lines.trim_start().strip_prefix('-').unwrap_or_default().to_owned())
        } else {
            yaml_print::value(new, place.indent, layout)
        };
        if text.ends_with('\n') {
            text.pop();
        }
        text
    }
}
