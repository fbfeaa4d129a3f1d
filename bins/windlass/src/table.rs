//! Columns for people.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// A cell: its text, and how it looks on a terminal.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Plain text on one line; what would move the cursor is replaced, since it may come from a cluster.
    pub(crate) fn new(text: &str) -> Self {
        let text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("; ");
        let text = text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
        Self { text, style: Style::new() }
    }

    pub(crate) fn good(self) -> Self {
        Self { style: AnsiColor::Green.on_default(), ..self }
    }

    pub(crate) fn bad(self) -> Self {
        Self { style: AnsiColor::Red.on_default(), ..self }
    }

    pub(crate) fn pending(self) -> Self {
        Self { style: AnsiColor::Yellow.on_default(), ..self }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// Rows under a header, as kubectl prints them: columns three blanks apart, no lines.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(header: &[&str]) -> Self {
        Self { rows: vec![header.iter().map(|text| Cell::new(text)).collect()] }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(Cell::width).max().unwrap_or(0))
            .collect();
        for row in &self.rows {
            let filled = row.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |last| last + 1);
            for (column, (cell, width)) in row.iter().zip(&widths).take(filled).enumerate() {
                write!(f, "{}{}{:#}", cell.style, cell.text, cell.style)?;
                if column + 1 < filled {
                    write!(f, "{:1$}", "", width - cell.width() + 3)?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_moves_the_cursor() {
        let mut table = Table::new(&["NAME", "MESSAGE"]);
        table.row(vec![Cell::new("a-long-name"), Cell::new("one\ntwo\u{1b}[2J")]);
        table.row(vec![Cell::new("b"), Cell::new("")]);
        assert_eq!(table.to_string(), "NAME          MESSAGE\na-long-name   one; two [2J\nb\n");
    }
}
