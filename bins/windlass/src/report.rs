//! A plan for people, with colours.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use windlass_drift::{Detail, Plan, Report};

use crate::output::{self, Console, Output};

/// Prints a plan to stdout.
pub(crate) fn print(plan: &Plan, output: Output, console: &Console) -> anyhow::Result<()> {
    match output {
        Output::Yaml => console.data(output::yaml(plan)?.as_bytes())?,
        Output::Json => console.data(output::json(plan)?.as_bytes())?,
        Output::Table => {
            let mut out = console.out();
            let text = Report::new(plan, Detail::Changes).to_string();
            for text in text.lines() {
                line(&mut out, text)?;
            }
        }
    }
    Ok(())
}

/// Prints a line of a plan.
pub(crate) fn line(out: &mut impl Write, text: &str) -> io::Result<()> {
    let style = style(text);
    writeln!(out, "{style}{text}{style:#}")
}

/// The colour of a line, by its sign: that of an object at the left edge, that of a field below it.
fn style(line: &str) -> Style {
    let color = match (line.starts_with(' '), line.trim_start().get(..2)) {
        (_, Some("+ ")) => AnsiColor::Green,
        (_, Some("- ")) => AnsiColor::Red,
        (false, Some("~ ")) => AnsiColor::Yellow,
        (false, Some("! ")) => AnsiColor::Magenta,
        _ => return Style::new(),
    };
    color.on_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_coloured_by_their_sign() {
        assert_eq!(style("+ ConfigMap/a/b  f.yaml:1"), AnsiColor::Green.on_default());
        assert_eq!(style("    - data.k: 1"), AnsiColor::Red.on_default());
        assert_eq!(style("~ ConfigMap/a/b"), AnsiColor::Yellow.on_default());
        assert_eq!(style("    data.k: 1 → 2"), Style::new());
        assert_eq!(style("2 to create, 0 unchanged"), Style::new());
    }
}
