//! Remarks about objects, for people.

use windlass_recovery::Note;

use crate::output::Console;

/// Tells what is not as it was saved, and what could not be done.
pub(super) fn tell(notes: &[Note], failures: &[Note], console: &Console) {
    for note in notes {
        console.note(&format!("note: {}: {}", note.object, note.message));
    }
    for failure in failures {
        console.note(&format!("error: {}: {}", failure.object, failure.message));
    }
}
