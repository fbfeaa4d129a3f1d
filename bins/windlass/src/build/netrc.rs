//! The file in which programs that fetch keep names and passwords, by host.

use zeroize::Zeroizing;

/// A name and its password.
pub(super) struct Entry {
    pub(super) login: String,
    pub(super) password: Zeroizing<String>,
}

/// The entry for a host, or the `default` one. What is malformed is passed over, as curl and Git do.
pub(super) fn find(text: &str, host: &str) -> Option<Entry> {
    let (mut login, mut password, mut fits) = (None, None, false);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut words = line.split_whitespace();
        while let Some(word) = words.next() {
            match word {
                comment if comment.starts_with('#') => break,
                "machine" | "default" => {
                    if fits && login.is_some() && password.is_some() {
                        break;
                    }
                    (login, password) = (None, None);
                    fits = word == "default" || words.next().is_some_and(|name| name.eq_ignore_ascii_case(host));
                }
                "login" => login = words.next().filter(|_| fits).map(unquoted),
                "password" => password = words.next().filter(|_| fits).map(unquoted).map(Zeroizing::new),
                "account" => drop(words.next()),
                // A macro goes to the next empty line.
                "macdef" => {
                    lines.by_ref().find(|line| line.trim().is_empty());
                    break;
                }
                _ => {}
            }
        }
        if fits && login.is_some() && password.is_some() {
            break;
        }
    }
    Some(Entry { login: login?, password: password? })
}

fn unquoted(word: &str) -> String {
    word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, host: &str) -> Option<(String, String)> {
        find(text, host).map(|entry| (entry.login, entry.password.to_string()))
    }

    #[test]
    fn the_first_entry_for_a_host_is_found() {
        let text = "# mine\nmachine a.test login me password one\nmachine b.test\n  login you\n  password \"two\"\n\
                    macdef init\nmachine c.test login x password y\n\nmachine d.test login z\ndefault login any password d\n";
        let pair = |login: &str, password: &str| Some((login.to_owned(), password.to_owned()));
        assert_eq!(found(text, "a.test"), pair("me", "one"));
        assert_eq!(found(text, "B.test"), pair("you", "two"));
        assert_eq!(found(text, "c.test"), pair("any", "d"));
        assert_eq!(found(text, "d.test"), pair("any", "d"));
        assert_eq!(found("machine a.test login me\n", "a.test"), None);
    }
}
