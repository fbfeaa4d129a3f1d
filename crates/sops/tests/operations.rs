//! The recorded operations of sops 3.11.0 (`../shared/conformance/sops/ops` and `config`): the same answers, and at least the
//! lines that sops leaves alone stay as they are.
//!
//! What the command line alone decides, and what we do otherwise on purpose, is listed by name.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's helpers may fail it, and its table is for reading"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::Value;
use windlass_sops::{
    CreationRules, DecryptOptions, Document, EncryptOptions, Format, Identities, Metadata, Recipient, Recipients,
    Selector, WriteError, decrypt, encrypt, parse_path,
};

fn folder(kind: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/sops").join(kind);
    if !folder.is_dir() {
        println!("skipped: no recorded cases at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// An exit code, what was printed, and the file as it is then.
struct Outcome {
    code: u8,
    printed: Vec<u8>,
    file: Option<Vec<u8>>,
}

impl Outcome {
    fn printed(printed: Vec<u8>) -> Self {
        Self { code: 0, printed, file: None }
    }

    fn saved(file: Vec<u8>) -> Self {
        Self { code: 0, printed: Vec::new(), file: Some(file) }
    }

    fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self { code: output.status.code().unwrap().try_into().unwrap(), ..Self::printed(output.stdout) }
    }

    fn failed(code: u8) -> Self {
        Self { code, printed: Vec::new(), file: None }
    }
}

impl From<WriteError> for Outcome {
    fn from(error: WriteError) -> Self {
        println!("    {error}");
        Self::failed(error.exit_code())
    }
}

struct Case {
    argv: Vec<String>,
    format: Format,
    end: &'static str,
    before: Vec<u8>,
    identities: Identities,
    config: Option<String>,
    editor: Option<String>,
    stdin: Option<String>,
}

impl Case {
    fn load(folder: &Path, case: &Value) -> Self {
        let (format, end) = match case["format"].as_str().unwrap() {
            "yaml" => (Format::Yaml, "yaml"),
            "json" => (Format::Json, "json"),
            "dotenv" => (Format::Dotenv, "env"),
            "ini" => (Format::Ini, "ini"),
            _ => (Format::Binary, "bin"),
        };
        let mut identities = Identities::new();
        for name in case["identities"].as_array().unwrap() {
            let path = folder.join("../../keys").join(name.as_str().unwrap());
            identities.extend(Identities::parse(&std::fs::read_to_string(path).unwrap(), "the case").unwrap());
        }
        let text = |name: &str| case[name].as_str().map(str::to_owned);
        Self {
            argv: case["argv"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap().to_owned()).collect(),
            before: std::fs::read(folder.join(format!("before.{end}"))).unwrap(),
            config: text("config"),
            editor: text("editor"),
            stdin: text("stdin"),
            format,
            end,
            identities,
        }
    }

    fn option(&self, name: &str) -> Option<&str> {
        self.argv.iter().position(|arg| arg == name).map(|at| self.argv[at + 1].as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.argv.iter().any(|arg| arg == name)
    }

    /// What stands behind the file.
    fn arguments(&self) -> &[String] {
        &self.argv[self.argv.iter().position(|arg| arg == "FILE").unwrap() + 1..]
    }

    fn open(&self) -> Document {
        Document::open(&self.before, self.format, &self.identities, &DecryptOptions::default()).unwrap()
    }

    fn run(&self) -> Result<Outcome, WriteError> {
        match self.argv[0].as_str() {
            "decrypt" => self.decrypt(),
            "encrypt" => self.encrypt(),
            "set" | "unset" => self.set(),
            "edit" => self.edit(),
            "rotate" => self.rotate(),
            "updatekeys" => self.update_keys(),
            "groups" => self.groups(),
            "filestatus" => {
                let encrypted = Metadata::read(&self.before, self.format).is_ok();
                Ok(Outcome::printed(format!("{{\"encrypted\":{encrypted}}}\n").into_bytes()))
            }
            "exec-file" => self.exec_file(),
            "exec-env" => self.exec_env(),
            other => panic!("{other}"),
        }
    }

    fn decrypt(&self) -> Result<Outcome, WriteError> {
        let format = self.output();
        let document = self.open();
        let text = match self.option("--extract").map(parse_path) {
            None => document.print(format)?,
            Some(Ok(path)) => document.extract(&path, format)?,
            Some(Err(_)) => return Ok(Outcome::failed(91)),
        };
        Ok(if self.has("-i") { Outcome::saved(text.to_vec()) } else { Outcome::printed(text.to_vec()) })
    }

    fn output(&self) -> Format {
        match self.option("--output-type") {
            Some("json") => Format::Json,
            Some("yaml") => Format::Yaml,
            Some("dotenv") => Format::Dotenv,
            Some("ini") => Format::Ini,
            Some("binary") => Format::Binary,
            _ => self.format,
        }
    }

    /// Runs the command behind the file with what the library gives it.
    fn exec_file(&self) -> Result<Outcome, WriteError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &*self.open().print(self.output())?).unwrap();
        let command = self.arguments()[0].replace("{}", file.path().to_str().unwrap());
        Ok(Outcome::of(Command::new("sh").args(["-c", &command])))
    }

    fn exec_env(&self) -> Result<Outcome, WriteError> {
        let mut command = Command::new("sh");
        command.args(["-c", &self.arguments()[0]]);
        for variable in self.open().environment()? {
            command.env(&variable.name, std::str::from_utf8(&variable.value).unwrap());
        }
        Ok(Outcome::of(&mut command))
    }

    fn encrypt(&self) -> Result<Outcome, WriteError> {
        let recipients = Recipients::age([self.option("--age").unwrap()])?;
        let mut options = EncryptOptions::default();
        if let Some(pattern) = self.option("--encrypted-regex") {
            options = options.selector(Selector::EncryptedRegex(pattern.to_owned()));
        }
        encrypt(&self.before, self.format, &recipients, &options, SystemTime::now()).map(Outcome::saved)
    }

    fn set(&self) -> Result<Outcome, WriteError> {
        let Ok(path) = parse_path(&self.arguments()[0]) else { return Ok(Outcome::failed(7)) };
        let mut document = self.open();
        if self.argv[0] == "unset" {
            if !document.unset(&path)? && !self.has("--idempotent") {
                return Ok(Outcome::failed(1));
            }
        } else {
            let value = self.stdin.as_deref().or(self.arguments().get(1).map(String::as_str)).unwrap();
            document.set(&path, &serde_json::from_str(value).unwrap())?;
        }
        document.save(SystemTime::now()).map(Outcome::saved)
    }

    fn edit(&self) -> Result<Outcome, WriteError> {
        let folder = tempfile::tempdir().unwrap();
        let (script, file) = (folder.path().join("editor"), folder.path().join("file"));
        let mut document = self.open();
        std::fs::write(&script, self.editor.as_ref().unwrap()).unwrap();
        std::fs::write(&file, &*document.plaintext()?).unwrap();
        // As the command line answers it.
        if !Command::new("sh").arg(&script).arg(&file).status().unwrap().success() {
            return Ok(Outcome::failed(201));
        }
        if !document.replace(&std::fs::read(&file).unwrap())? {
            return Ok(Outcome::failed(200));
        }
        document.save(SystemTime::now()).map(Outcome::saved)
    }

    fn rotate(&self) -> Result<Outcome, WriteError> {
        let mut document = self.open();
        let mut recipients = Recipients::of(document.metadata());
        if let Some(removed) = self.option("--rm-age") {
            recipients.remove([&Recipient::age(removed)?]);
        }
        if let Some(added) = self.option("--add-age") {
            recipients.add([Recipient::age(added)?]);
        }
        document.set_recipients(recipients);
        document.rotate()?;
        document.save(SystemTime::now()).map(Outcome::saved)
    }

    fn update_keys(&self) -> Result<Outcome, WriteError> {
        let rules = CreationRules::parse(self.config.as_ref().unwrap()).unwrap();
        let Some(rule) = rules.rule_for("file.yaml") else { return Ok(Outcome::failed(1)) };
        let mut document = self.open();
        document.set_recipients(rule.recipients().unwrap());
        document.save(SystemTime::now()).map(Outcome::saved)
    }

    fn groups(&self) -> Result<Outcome, WriteError> {
        let mut document = self.open();
        let mut recipients = Recipients::of(document.metadata());
        if self.argv[1] == "delete" {
            recipients.remove_group(0);
        } else {
            recipients.add_group([Recipient::age(self.option("--age").unwrap())?]);
            let threshold = self.option("--shamir-secret-sharing-threshold").map(|number| number.parse().unwrap());
            recipients = recipients.with_threshold(threshold);
        }
        document.set_recipients(recipients);
        document.save(SystemTime::now()).map(Outcome::saved)
    }

    fn check(&self, folder: &Path, outcome: &Outcome, code: u64) -> Result<(), String> {
        if u64::from(outcome.code) != code {
            return Err(format!("exit code {}, not {code}", outcome.code));
        }
        let read = |name: &str| std::fs::read(folder.join(format!("{name}.{}", self.end))).unwrap_or_default();
        let same = |what: &str, ours: &[u8], theirs: &[u8]| {
            let [ours, theirs] = [ours, theirs].map(|text| String::from_utf8_lossy(text).into_owned());
            if ours == theirs { Ok(()) } else { Err(format!("{what} differs:\n{ours}\n--- expected\n{theirs}")) }
        };
        let prints = code == 0 || self.argv[0].starts_with("exec");
        if prints && self.argv[0] != "encrypt" && outcome.file.is_none() {
            same("output", &outcome.printed, &std::fs::read(folder.join("stdout")).unwrap_or_default())?;
        }
        let Some(file) = &outcome.file else { return Ok(()) };
        if self.argv[0] == "decrypt" {
            return same("file", file, &read("after"));
        }
        let keys = ["age1.txt", "age2.txt"].map(|name| std::fs::read_to_string(folder.join("../../keys").join(name)));
        let keys = keys.map(Result::unwrap).join("\n");
        let identities = Identities::parse(&keys, "both").unwrap();
        let plain = decrypt(file, self.format, &identities, &DecryptOptions::default()).map_err(|e| e.to_string())?;
        same("plaintext", plain.bytes(), &read("expected"))?;
        kept(&read("before"), &read("after"), file)
    }
}

/// What sops leaves as it is, we leave too.
fn kept(before: &[u8], after: &[u8], ours: &[u8]) -> Result<(), String> {
    let [before, after, ours] = [before, after, ours].map(|text| String::from_utf8_lossy(text).into_owned());
    let has = |text: &str, line: &str| text.lines().any(|own| own == line);
    match before.lines().find(|line| has(&after, line) && !has(&ours, line)) {
        None => Ok(()),
        Some(line) => Err(format!("was changed: {line}\nin {ours}")),
    }
}

/// Cases that are not about the library, or where we differ, and why.
const OTHERWISE: [(&str, &str); 4] = [
    ("decrypt-conflict", "options of the command line exclude each other"),
    ("encrypt-two-rules", "options of the command line exclude each other; the library has one selector by its type"),
    ("set-no-args", "arguments of the command line"),
    ("encrypt-bad-regex", "refused here on purpose: sops ignores the selector and leaves everything in clear"),
];

#[test]
fn recorded_operations_end_as_with_sops() {
    let Some(root) = folder("ops") else { return };
    let mut entries: Vec<_> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let (mut passed, mut failures, mut others) = (0, Vec::new(), Vec::new());
    for entry in entries {
        let case: Value = serde_json::from_slice(&std::fs::read(entry.join("case.json")).unwrap()).unwrap();
        let id = case["id"].as_str().unwrap();
        if let Some((_, reason)) = OTHERWISE.iter().find(|(name, _)| *name == id) {
            others.push(format!("{id}: {reason}"));
            continue;
        }
        let loaded = Case::load(&entry, &case);
        let outcome = loaded.run().unwrap_or_else(Outcome::from);
        match loaded.check(&entry, &outcome, case["expect"]["rc"].as_u64().unwrap()) {
            Ok(()) => passed += 1,
            Err(reason) => failures.push(format!("{id}: {reason}")),
        }
    }
    println!("ops: {passed} passed, {} failed, not for the library or otherwise:", failures.len());
    others.iter().for_each(|other| println!("  {other}"));
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n\n"));
    assert!(passed >= 50, "{passed} operations found");
}

/// Where sops leaves everything in clear, we refuse.
#[test]
fn a_selector_that_does_not_compile_is_refused() {
    let Some(root) = folder("ops") else { return };
    let root = root.join("encrypt-bad-regex");
    let case: Value = serde_json::from_slice(&std::fs::read(root.join("case.json")).unwrap()).unwrap();
    let error = Case::load(&root, &case).run().err().unwrap();
    assert_eq!(error.to_string(), "sops.encrypted_regex is not a valid regular expression");
}

#[test]
fn recorded_rules_select_as_with_sops() {
    let Some(root) = folder("config") else { return };
    let mut passed = 0;
    for entry in std::fs::read_dir(&root).unwrap() {
        let folder = entry.unwrap().path();
        let case: Value = serde_json::from_slice(&std::fs::read(folder.join("case.json")).unwrap()).unwrap();
        let config = std::fs::read_to_string(folder.join(".sops.yaml")).unwrap();
        for file in case["files"].as_array().unwrap() {
            let path = file["file"].as_str().unwrap();
            let rules = CreationRules::parse(&config);
            let rule = rules.as_ref().ok().and_then(|rules| rules.rule_for(path));
            let encrypted = rule.and_then(|rule| {
                let text = b"a: x\nb_enc: y\ndata: z\n";
                let recipients = rule.recipients().ok()?;
                let ids: Vec<_> = recipients.iter().map(|recipient| recipient.id.clone()).collect();
                let text = encrypt(text, Format::Yaml, &recipients, &rule.options(), SystemTime::now()).unwrap();
                let text = String::from_utf8(text).unwrap();
                let lines = text.lines().take(3).filter(|line| line.contains("ENC["));
                Some((ids, lines.map(|line| line.split(':').next().unwrap().to_owned()).collect::<Vec<_>>()))
            });
            let list = |name: &str| -> Vec<String> {
                file[name].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
            };
            let expected = (file["rc"] == 0).then(|| (list("recipients"), list("encrypted")));
            assert_eq!(encrypted, expected, "{}", case["id"]);
            passed += 1;
        }
    }
    println!("config: {passed} passed");
    assert!(passed >= 4);
}
