use serde_json::Value;

use crate::{PatchDirective, PatchStrategy};

/// What a line of the table says about a field beside its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Notes<'a>(pub(crate) &'a str);

impl<'a> Notes<'a> {
    pub(crate) fn patch(self) -> PatchStrategy<'a> {
        let mut strategy = PatchStrategy::default();
        for word in self.words() {
            match word {
                "retain" => strategy.retain_keys = true,
                "merge" => strategy.directive = Some(PatchDirective::Merge),
                "replace" => strategy.directive = Some(PatchDirective::Replace),
                _ => {
                    if let Some(key) = word.strip_prefix("merge:") {
                        strategy.directive = Some(PatchDirective::Merge);
                        strategy.merge_key = Some(key);
                    }
                }
            }
        }
        strategy
    }

    pub(crate) fn default_value(self) -> Option<Value> {
        // The last note, since its JSON may hold spaces.
        let at = if self.0.starts_with('=') { 0 } else { self.0.find(" =")? + 1 };
        serde_json::from_str(self.0.get(at + 1..)?).ok()
    }

    fn words(self) -> impl Iterator<Item = &'a str> {
        self.0.split(' ').take_while(|word| !word.starts_with('='))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategies_are_read_and_the_default_may_hold_anything() {
        let notes = Notes(r#"retain merge:name ="a =b merge""#);
        let expected =
            PatchStrategy { directive: Some(PatchDirective::Merge), retain_keys: true, merge_key: Some("name") };
        assert_eq!(notes.patch(), expected);
        assert_eq!(notes.default_value(), Some(Value::from("a =b merge")));
        assert_eq!(Notes("=1").default_value(), Some(Value::from(1)));
        assert_eq!(Notes("replace").default_value(), None);
        assert_eq!(Notes("=\"merge\"").patch(), PatchStrategy::default());
    }
}
