use super::{Health, Object};

pub(super) fn health(object: &Object<'_>) -> Health {
    for condition in object.conditions() {
        match (condition.name, condition.status) {
            ("NamesAccepted", "False") => return Health::Failed(condition.message.to_owned()),
            ("Established", "False") if condition.reason != "Installing" => {
                return Health::Failed(condition.message.to_owned());
            }
            ("Established", "True") => return Health::Current,
            _ => {}
        }
    }
    Health::InProgress("Install in progress".to_owned())
}
