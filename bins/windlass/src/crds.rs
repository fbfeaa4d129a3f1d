//! `windlass crds`.

use crate::outcome::Outcome;
use crate::output::Console;

pub(crate) fn run(console: &Console) -> anyhow::Result<Outcome> {
    let text = windlass_yaml::print_documents(&windlass_flux::crds());
    console.data(text.as_bytes())?;
    Ok(Outcome::Done)
}
