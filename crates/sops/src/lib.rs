//! SOPS documents: opened, encrypted, edited in place and looked through, with errors that say what is wrong and where.
//!
//! Reads what [sops](https://github.com/getsops/sops) writes and writes what sops reads, as YAML, JSON, dotenv, INI or binary: every
//! type of value, all selectors, comments, streams of several documents, key groups (Shamir), the MAC. age is built in, with
//! post-quantum keys, SSH keys and plugins; PGP, Vault and other kinds of keys come in through [`MasterKey`]. It knows nothing
//! about Kubernetes but what a Secret looks like when it stands there in clear.
//!
//! ```
//! use windlass_sops::{DecryptOptions, Format, Identities, decrypt};
//!
//! // Encrypted by sops 3.11.0; the key is made for this example.
//! let text = r#"
//! apiVersion: v1
//! stringData:
//!     password: ENC[AES256_GCM,data:v+xZbTlKUw==,iv:IjK2OKpkYYXBwGSiREzWNS1cJoxvDgnGZFIourG2+kE=,tag:xMLVJEuc56DLFIESTyosXw==,type:str]
//! sops:
//!     age:
//!         - recipient: age12sazq8d83w7zjc8sc5fgrljngakjqt5f9z3l782f25g64cjzvdxqmxs0rx
//!           enc: |
//!             -----BEGIN AGE ENCRYPTED FILE-----
//!             YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBPQlVlTzR4SWpub3libkly
//!             c1BNcVZFUHpGRzJ4T2RFbHRkaTU0bmhxa3lVCjl5cnBWTkNzWFdLWTg4YlA4blc0
//!             VkVXZGNCRkQ3cUFiSzYzY1ljOWlod3cKLS0tIHZvMStOc3Y0UC9QK1VXcElnd0ln
//!             VXRqdjk4bnU3Q3luVEF1ajI0RmtiR00KimekdHqLTuQQecYhIaKQG1eVOjcAs7Wh
//!             EajpTeIsTJb/S8gNjtRe/zhd6c2a6YIf/iMx0NSPJVGy2CejQjeMpQ==
//!             -----END AGE ENCRYPTED FILE-----
//!     lastmodified: "2026-11-20T04:55:08Z"
//!     mac: ENC[AES256_GCM,data:ZjBApho+v8twhtAorW4em0Mn2CIdFjEb7xTnF17yHdJmmovyckHM6mgxJ0FBcfEQ3DvPa3AB6NJR8fGhQ2jVN92R+UbkK1o8UKJj63ut8Ei9saca+7CiK6UZProKpGrRJoRg6jdqLfATOaEhICeor4ScQ9SMNtL5T5naub1KpYQ=,iv:lsKhjwr9M+h0fLcpGzKGeB+Qe49FhaDAJ5ISl+dnXkM=,tag:XBs5yrSs+QRg3Pd/lRp7lw==,type:str]
//!     encrypted_regex: ^(data|stringData)$
//!     version: 3.11.0
//! "#;
//! let key = "AGE-SECRET-KEY-1SA80FVW2E6CKNH9MGLS08S0GWEU9R8FSEM3EQQD270WRR4EHYFKS3VAP6R";
//! let identities = Identities::parse(key, "the example")?;
//! let plaintext = decrypt(text.as_bytes(), Format::Yaml, &identities, &DecryptOptions::default())?;
//! assert_eq!(plaintext.bytes(), b"apiVersion: v1\nstringData:\n    password: hunter2\n");
//! assert_eq!(plaintext.documents()[0]["stringData"]["password"], "hunter2");
//!
//! let changed = text.replace("v1", "v2");
//! let error = decrypt(changed.as_bytes(), Format::Yaml, &identities, &DecryptOptions::default()).unwrap_err();
//! assert!(error.to_string().starts_with("the document was changed after it was encrypted"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where to find things:
//!
//! * [`is_encrypted`] sniffs, [`Metadata::read`] inspects without a key.
//! * [`Identities`] holds the keys, [`IdentitySources`] finds them where sops does.
//! * [`decrypt`] opens a file, [`decrypt_value`] an object in memory. [`Error`] tells what is wrong.
//! * [`encrypt`] writes a new file for [`Recipients`]; [`CreationRules`] says for whom, as a `.sops.yaml` does, and
//!   [`explains`](CreationRules::explain) which rule counts. [`SopsConfig`] is the whole file, with its stores and destinations.
//! * [`Document`] opens a file to get, set, unset and replace values, to rotate its key and to change its recipients.
//!   [`WriteError`] tells why something cannot be written. [`Document::environment`] is what `sops exec-env` gives a program.
//! * [`encrypted_values`] and [`selected_values`] tell what is encrypted, or would be, without a key.
//! * [`audit`] looks through a repository for what is wrong with its secrets, without a key.
//!
//! # What holds
//!
//! * The MAC is verified unless the call says otherwise ([`DecryptOptions::ignore_mac`]).
//! * No error, `Debug` or panic shows a key, a plaintext or the text of a value. Plaintext and keys are wiped when dropped.
//! * No input makes it panic, recurse beyond 256 levels, or use memory beyond a multiple of the input's size (see the limits).
//! * What is written has been opened again before it is given away: its values are those it was made of, and its MAC holds.
//! * A value that did not change keeps its envelope, byte for byte. In YAML and dotenv all that did not change does: comments,
//!   quotes, blank lines, indentation, anchors. JSON keeps its indentation; INI is printed as sops prints it.
//! * The library reads no environment, home directory or clock, and runs no program but age plugins; the caller hands in what
//!   it needs. (The feature `vault` trusts the certificates of the system, unless it is given others.) Randomness is that of the
//!   operating system.
//! * Regular expressions match what those of Go match, which sops compiles them with.
//!
//! # Where it differs from sops, on purpose
//!
//! | sops | here |
//! |---|---|
//! | a selector regex that does not compile is ignored, and all values stay clear | refused |
//! | a wrong type where an envelope should be, `type:bytes`, scalar metadata: panics | an error with line and key path |
//! | 3.13.2 cannot verify files with encrypted comments in lists | verified as all other versions do |
//! | before 3.12, JSON integers beyond 2^53 are rounded; later ones are exact | exact, and a MAC over either verifies |
//! | a text that its own YAML printer cannot print (a literal block that starts with a tab) comes out as `null` | kept |
//! | an empty comment in an encrypted list comes out as an item `""` | stays a comment |
//! | an unquoted `lastmodified` is refused by 3.13 | accepted |
//! | several `sops` entries in one JSON object: the last counts | refused |
//! | text behind a JSON document is lost | refused |
//! | a path that takes a list for a mapping panics, the other way round it writes a number as a key | refused |
//! | dotenv keys and INI files that are not UTF-8 (or UTF-16 behind a mark, read as bytes) | refused |
//! | an INI comment whose first line is empty: panics | printed as `;` |
//! | encrypted comments in lists are written as items, which 3.13.2 cannot verify | written as comments; both forms are read |
//! | editing one of several equal items of a list changes the envelopes of the others | each keeps its own |
//! | writes documents that it cannot read back: clear YAML with Unicode line breaks, INI keys that look like comments | refused |
//! | YAML is printed anew at every change, aliases expanded | patched in place; printed anew where a patch does not read back |
//! | a list or a mapping below an INI section is printed in the notation of Go | refused |
//! | what is edited beside the metadata (`edit --show-master-keys`) is lost, with exit code 0 | values, recipients and selector are taken |
//! | JSON integers are encrypted as floats before 3.12 | as integers; an integer keeps the envelope of an equal float |
//!
//! # Limits
//!
//! A YAML text may have 32 MiB, 10,000 documents and 1,000,000 nodes, of which one has 8 MiB at most; a text of another format is
//! as large as the caller reads it. Each value takes some hundred bytes. A key file has 16 MiB at most, a data key or a share of
//! one 1 KiB, an answer of Vault 64 KiB, and a compiled expression 10 MiB.
//!
//! age is complete: X25519, post-quantum keys (`age1pq1…`, which sops opens from 3.12 on), SSH keys, plugins. Of the other kinds
//! of keys, which need a [`MasterKey`]:
//!
//! * PGP: [`GpgProgram`] asks `gpg`, and through it the agent; the cargo feature `pgp` opens and encrypts without it (`PgpKeys`),
//!   with exported keys and the public keyrings of GnuPG, but not those of its `keyboxd`.
//! * Vault and OpenBao (transit): the cargo feature `vault` (`VaultTransit`).
//! * AWS KMS, Google Cloud KMS, Azure Key Vault, Huawei KMS: kept when a document is edited, named in errors, and not opened.
//!
//! `sops publish` and the key service are not here; the destination rules of a `.sops.yaml` are read and checked.

mod align;
mod any_iv;
mod audit;
mod audit_plain;
mod cipher;
mod cluster_keys;
mod command_words;
mod data_key;
mod decrypt;
mod decryption_order;
mod destination_rules;
mod document;
mod dotenv;
mod dotenv_patch;
mod dotted_path;
mod encrypt;
mod encrypt_value;
mod envelope;
mod environment;
mod error;
mod explanation;
mod extract;
mod finding;
mod flat_metadata;
mod flat_text;
mod float_digits;
mod float_text;
mod format;
mod go_regex;
mod gpg_program;
mod hpke;
mod identities;
mod identity_error;
mod identity_sources;
mod identity_text;
mod ini;
mod ini_print;
mod ini_syntax;
mod ini_value;
mod inspect;
mod json;
mod json_print;
mod key_file;
#[cfg(feature = "pgp")]
mod keyring_file;
mod location;
mod mac;
mod master_key;
mod metadata;
mod metadata_fields;
mod metadata_tree;
mod opening;
mod path;
#[cfg(feature = "pgp")]
mod pgp_keyring;
#[cfg(feature = "pgp")]
mod pgp_keys;
#[cfg(feature = "pgp")]
mod pgp_target;
mod plain_pattern;
mod plaintext;
mod post_quantum;
mod prompt;
mod public_text;
mod random;
mod recipient;
mod recipient_error;
mod recipients;
mod remembered;
mod rule_error;
mod rule_fields;
mod rule_keys;
mod rules;
mod same;
mod scalar;
mod seal_key;
mod sealing;
mod selector;
mod selector_use;
mod sops_config;
mod stores;
mod stores_config;
mod text_edits;
mod text_lines;
mod timestamp;
mod tree;
mod tree_edit;
mod values;
#[cfg(feature = "vault")]
mod vault;
mod walk;
mod write_error;
mod written;
mod xwing;
mod yaml;
mod yaml_comments;
mod yaml_flow;
mod yaml_heads;
mod yaml_layout;
mod yaml_patch;
mod yaml_print;
mod yaml_scalar;
mod yaml_shape;
mod yaml_spans;
mod yaml_written;

pub use audit::{RepositoryFile, audit, audit_file};
pub use command_words::split_words;
pub use decrypt::{DecryptOptions, Mac, decrypt, decrypt_value};
pub use decryption_order::{DecryptionOrder, OrderError};
pub use destination_rules::{Destination, DestinationRule};
pub use document::Document;
pub use dotted_path::parse_dotted_path;
pub use encrypt::{EncryptOptions, Layout, encrypt};
pub use encrypt_value::encrypt_value;
pub use environment::Variable;
pub use error::{Error, NoIdentity, Tried, ValueFault};
pub use explanation::Explanation;
pub use finding::{Finding, Problem};
pub use format::{Format, is_encrypted};
pub use gpg_program::{GpgProgram, ProgramCall};
pub use identities::Identities;
pub use identity_error::IdentityError;
pub use identity_sources::{IdentitySources, Platform};
pub use inspect::{EncryptedValue, encrypted_values, selected_values};
pub use location::{Location, PathStep};
pub use master_key::{MasterKey, MasterKeyError};
pub use metadata::{KeyGroup, Metadata};
pub use path::{PathError, parse_path};
#[cfg(feature = "pgp")]
pub use pgp_keys::PgpKeys;
pub use plaintext::Plaintext;
pub use prompt::Prompt;
pub use recipient::{Recipient, RecipientKind};
pub use recipient_error::RecipientError;
pub use recipients::Recipients;
pub use rule_error::RuleError;
pub use rules::{CreationRule, CreationRules};
pub use selector::Selector;
pub use sops_config::SopsConfig;
pub use stores_config::StoresConfig;
#[cfg(feature = "vault")]
pub use vault::{VaultError, VaultTransit};
pub use write_error::WriteError;
