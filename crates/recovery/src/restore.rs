//! Bringing saved objects back into a cluster: choosing, mapping, planning, carrying out.

mod adapt;
mod bare_pods;
mod carry_out;
mod hold;
mod hold_patch;
mod makers;
mod mapping;
mod options;
mod owners;
mod patches;
mod plan;
mod target;
mod users;
mod waves;

pub use carry_out::{Restored, restore};
pub use hold::{Hold, held, hold};
pub use hold_patch::HELD;
pub use mapping::Mapping;
pub use options::{FIELD_MANAGER, Mode, RestoreOptions, Wanted, restoring};
pub use plan::{Note, RestorePlan, plan_restore};
pub use target::Target;
pub use users::{DataPlace, refuse_in_use};

pub(crate) use bare_pods::SECRET_TYPE as HELD_POD;
pub(crate) use hold::{Held, hold_in_manifest, hold_running, wait_until_still};
pub(crate) use waves::Wave;
