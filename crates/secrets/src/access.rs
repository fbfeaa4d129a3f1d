//! Who can open what.

use std::path::PathBuf;

use windlass_sops::{DecryptOptions, Format, Identities, Metadata, RecipientKind, Tried, decrypt};

use crate::parallel;
use crate::repository::RepositoryText;
use crate::tree_change::{Progress, Work};

/// What the identities at hand can do with the files of a repository.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Access {
    /// The files, in their order.
    pub files: Vec<FileAccess>,
    /// The identities, and how many files each is a recipient of.
    pub identities: Vec<IdentityUse>,
    /// Recipients of files that no identity at hand belongs to, and how many files each can open.
    pub strangers: Vec<Stranger>,
}

/// A file, and whether it opens.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FileAccess {
    /// The file.
    pub path: PathBuf,
    /// Its recipients, by public name.
    pub recipients: Vec<String>,
    /// Why it does not open; none where it does, and its MAC holds.
    pub fault: Option<String>,
    /// How many values it has.
    pub values: usize,
}

/// An identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityUse {
    /// Its public name and where it was found.
    pub identity: Tried,
    /// How many files name it.
    pub files: usize,
}

/// A recipient whose identity is not at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stranger {
    /// Its kind.
    pub kind: RecipientKind,
    /// Its public name.
    pub id: String,
    /// How many files name it.
    pub files: usize,
}

/// Opens every file in memory, with these identities and no others, and verifies it. Nothing is written, and no plaintext is
/// kept.
pub fn access(files: &[RepositoryText], identities: &Identities, work: &Work<'_>) -> Access {
    let tell = |done| (work.progress)(Progress { done, of: files.len() });
    let opened = parallel::map(files, work.threads, |file| open(file, identities), &tell);
    let mut access = Access {
        identities: identities.tried().into_iter().map(|identity| IdentityUse { identity, files: 0 }).collect(),
        ..Access::default()
    };
    for (file, metadata) in opened {
        for recipient in metadata.iter().flat_map(Metadata::recipients) {
            let mut is_ours = false;
            for own in access.identities.iter_mut().filter(|own| same_name(&own.identity.recipient, &recipient.id)) {
                own.files += 1;
                is_ours = true;
            }
            if is_ours {
                continue;
            }
            let known = |stranger: &&mut Stranger| stranger.kind == recipient.kind && stranger.id == recipient.id;
            match access.strangers.iter_mut().find(known) {
                Some(stranger) => stranger.files += 1,
                None => access.strangers.push(Stranger { kind: recipient.kind, id: recipient.id.clone(), files: 1 }),
            }
        }
        access.files.push(file);
    }
    access
}

fn open(file: &RepositoryText, identities: &Identities) -> (FileAccess, Option<Metadata>) {
    let format = Format::of_path(&file.path);
    let metadata = Metadata::read(&file.text, format).ok();
    let recipients = metadata.iter().flat_map(Metadata::recipients).map(|recipient| recipient.id.clone()).collect();
    let fault =
        decrypt(&file.text, format, identities, &DecryptOptions::default()).err().map(|error| error.to_string());
    let values = windlass_sops::encrypted_values(&file.text, format).map_or(0, |values| values.len());
    (FileAccess { path: file.path.clone(), recipients, fault, values }, metadata)
}

/// An SSH key is the same with and without the comment behind it.
fn same_name(left: &str, right: &str) -> bool {
    let name = |text: &str| -> Vec<String> { text.split_whitespace().take(2).map(str::to_owned).collect() };
    left == right || (left.starts_with("ssh-") && name(left) == name(right))
}
