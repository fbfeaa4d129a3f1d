//! Where the new values of `set` come from: never the command line, where every process of the machine can read them.

use std::path::PathBuf;

use serde_json::Value as Json;
use windlass_secrets::Generator;
use zeroize::Zeroizing;

use crate::secrets::asking;
use crate::secrets::files::read_stdin;
use crate::trouble::Trouble;

/// Where the values come from
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Where the values come from; by default each is asked for, hidden")]
pub(crate) struct ValueArgs {
    /// The standard input: all of it for one path, a line each for several. A last line break is not part of it
    #[arg(long, group = "source")]
    stdin: bool,

    /// A file, byte for byte
    #[arg(long, value_name = "FILE", group = "source")]
    from_file: Option<PathBuf>,

    /// Chance: LENGTH, LENGTH/CHARSET or CHARSET (alnum, hex, base64, ascii, digits, or the letters); 32 letters and digits
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "32/alnum", group = "source")]
    generate: Option<Generator>,

    /// Read the values as JSON: numbers, lists, mappings
    #[arg(long, conflicts_with = "generate")]
    json: bool,

    /// As sops has it: the standard input, as JSON
    #[arg(long, group = "source")]
    value_stdin: bool,

    /// As sops has it: the last argument is a file with the value as JSON
    #[arg(long, group = "source")]
    value_file: bool,

    /// As sops has it: the last argument is the value itself, as JSON. It ends up in the history of the shell, and every
    /// process of the machine can read it meanwhile
    #[arg(long, group = "source")]
    insecure_argument: bool,
}

/// The paths that are to be set, and the value of each.
pub(crate) struct NewValues {
    pub(crate) paths: Vec<String>,
    values: Values,
}

enum Values {
    Asked,
    Texts(Vec<Zeroizing<String>>),
    Bytes(Zeroizing<Vec<u8>>),
    Generated(Generator),
}

impl ValueArgs {
    /// Takes the arguments behind the file apart, and reads the values that need no question.
    pub(crate) fn read(&self, arguments: &[String]) -> anyhow::Result<NewValues> {
        if self.value_file || self.insecure_argument {
            let [path, value] = arguments else {
                return Err(Trouble::new("here a file, one path and one value are needed").code(100).into());
            };
            let text = if self.value_file { read_text(&PathBuf::from(value))? } else { Zeroizing::new(value.clone()) };
            return Ok(NewValues { paths: vec![path.clone()], values: Values::Texts(vec![text]) });
        }
        if let Some(value) = arguments.iter().skip(1).find(|argument| looks_like_json(argument)) {
            let _ = value;
            return Err(Trouble::new(
                "a secret does not belong on the command line: the shell keeps it, and every process can read it",
            )
            .help(
                "leave the value out to be asked for it, or give it with --stdin, --from-file or --value-stdin;\n\
                     --insecure-argument takes it all the same. Change this one, it has been shown already",
            )
            .code(1)
            .into());
        }
        let paths = arguments.to_vec();
        let values = if let Some(generator) = &self.generate {
            Values::Generated(generator.clone())
        } else if let Some(file) = &self.from_file {
            Values::Bytes(read_bytes(file)?)
        } else if self.stdin || self.value_stdin {
            self.stdin_values(&paths)?
        } else {
            Values::Asked
        };
        if matches!(values, Values::Bytes(_)) && paths.len() != 1 {
            return Err(Trouble::new("a file is the value of one path only").code(1).into());
        }
        Ok(NewValues { paths, values })
    }

    fn stdin_values(&self, paths: &[String]) -> anyhow::Result<Values> {
        let mut bytes = read_stdin()?;
        if bytes.is_empty() {
            // What a pipe gives whose first command failed.
            return Err(Trouble::new("the standard input is empty; nothing was set")
                .help("an empty value is an empty line: echo | windlass secrets set … --stdin")
                .code(1)
                .into());
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        if paths.len() == 1 {
            return Ok(Values::Bytes(bytes));
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| not_text("the standard input"))?;
        let lines: Vec<_> = text.lines().map(|line| Zeroizing::new(line.to_owned())).collect();
        if lines.len() == paths.len() {
            Ok(Values::Texts(lines))
        } else {
            let message = format!("{} lines came for {} paths; each takes one", lines.len(), paths.len());
            Err(Trouble::new(message).code(1).into())
        }
    }

    fn is_json(&self) -> bool {
        self.json || self.value_stdin || self.value_file || self.insecure_argument
    }

    /// The value for a path, as bytes; asked for or generated, where that is so.
    pub(crate) fn bytes(&self, values: &mut NewValues, at: usize) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let bytes = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
        Ok(match &mut values.values {
            Values::Asked => bytes(&asking::hidden_twice(
                &format!("value of {}", values.paths[at]),
                "give the value with --stdin or --from-file",
            )?),
            Values::Generated(generator) => bytes(&generator.generate()?),
            Values::Bytes(value) => std::mem::take(value),
            Values::Texts(texts) => bytes(texts.get(at).map(|text| text.as_str()).unwrap_or_default()),
        })
    }

    /// The value as it goes into a document.
    pub(crate) fn json(&self, bytes: &[u8]) -> anyhow::Result<Json> {
        if self.is_json() {
            // The error of the parser shows no text, but where it stands.
            return serde_json::from_slice(bytes).map_err(|error| {
                let place = format!("the value is no valid JSON (line {}, column {})", error.line(), error.column());
                Trouble::new(place).help("a text is quoted: \"value\"").code(7).into()
            });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| not_text("the value"))?;
        Ok(Json::String(text.to_owned()))
    }
}

fn not_text(what: &str) -> Trouble {
    Trouble::new(format!("{what} is no text (UTF-8)")).help("bytes go into the `data` of a Secret with --data").code(1)
}

/// What sops takes for a value, and what is no path. A key with blanks in it is written in brackets.
fn looks_like_json(argument: &str) -> bool {
    let is_word = matches!(argument, "true" | "false" | "null") || argument.parse::<f64>().is_ok();
    let is_text =
        argument.starts_with(['"', '{']) || (argument.contains(char::is_whitespace) && !argument.contains('['));
    is_word || is_text || (argument.starts_with(['[', '-']) && windlass_sops::parse_dotted_path(argument).is_err())
}

fn read_bytes(path: &std::path::Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let trouble = |error| Trouble::new(format!("cannot read {}", path.display())).because(error).code(2);
    Ok(std::fs::read(path).map(Zeroizing::new).map_err(trouble)?)
}

fn read_text(path: &std::path::Path) -> anyhow::Result<Zeroizing<String>> {
    let bytes = read_bytes(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| not_text("the file"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_from_paths() {
        for value in ["\"hunter2\"", "{\"a\": 1}", "true", "12", "-1.5", "null", "[1, 2]", "two words"] {
            assert!(looks_like_json(value), "{value}");
        }
        for path in ["stringData.password", "[\"a\"][\"b\"]", "data[\"tls.key\"]", "list[0]", "a-b"] {
            assert!(!looks_like_json(path), "{path}");
        }
    }
}
