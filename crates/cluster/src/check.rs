use std::str::FromStr;

use serde_json::Value;
use windlass_drift::{Change, REDACTED, Verb, changes};
use windlass_manifest::{FieldPath, Manifest};

use crate::cluster::Cluster;
use crate::control::Control;
use crate::error::{Doing, Error};
use crate::prepare::{ApplyOptions, Prepared};
use crate::{rejection, takeover, undeclared};

/// What an apply of one object would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// What would be done.
    pub verb: Verb,
    /// The object as the server has it; `None` where there is none, or where it was not looked at.
    pub live: Option<Manifest>,
    /// The object as the server would have it afterwards; `None` where nothing would be done, or where the server only
    /// knows once the old one is gone.
    pub predicted: Option<Manifest>,
    /// Fields of the manifest that the kind does not have, in the server's spelling. They are left out, as Flux does.
    pub unknown_fields: Vec<String>,
    /// Whether fields or marks of others would be taken over first.
    pub(crate) takes_over: bool,
}

impl Preview {
    fn nothing(verb: Verb) -> Self {
        Self { verb, live: None, predicted: None, unknown_fields: Vec::new(), takes_over: false }
    }
}

impl Cluster {
    /// What an apply of `manifest` would do: one GET and one dry run (two where something is taken over), nothing is
    /// written.
    ///
    /// # Errors
    /// What the server says to the dry run; see [`Error`].
    pub async fn preview(&self, manifest: &Manifest, options: &ApplyOptions) -> Result<Preview, Error> {
        let kind = self.kind_of(manifest).await?;
        self.check(&mut Prepared::prepare(manifest.clone(), kind, options)?, options.force).await
    }

    /// What an apply of `prepared` would do; fields that its kind does not have are taken out of it.
    pub(crate) async fn check(&self, prepared: &mut Prepared, force: bool) -> Result<Preview, Error> {
        let prefix = &self.options().control_prefix;
        let desired = Control::of(prefix, prepared.manifest.value());
        if let Some(reason) = desired.ignored() {
            return Ok(Preview::nothing(Verb::Skip(reason)));
        }
        let live = self.live(&prepared.handle()).await?;
        let existing = live.as_ref().map(|live| Control::of(prefix, live));
        let skip = existing.as_ref().and_then(|existing| existing.ignored().or_else(|| desired.create_only()));
        if let Some(reason) = skip {
            return Ok(Preview::nothing(Verb::Skip(reason)));
        }
        let force = force || desired.forced() || existing.as_ref().is_some_and(Control::forced);
        let merge = desired.merged() || existing.as_ref().is_some_and(Control::merged);
        let (answer, unknown_fields) = self.dry_run(prepared).await;
        let preview = match (answer, live) {
            (Ok(predicted), None) => Preview { predicted: keep(prepared, predicted), ..Preview::nothing(Verb::Create) },
            (Ok(predicted), Some(live)) => self.compare(prepared, live, predicted, merge).await,
            (Err(error), Some(live)) => refused(error, prepared, live, force, prefix)?,
            (Err(error), None) => return Err(rejection::error(error, &prepared.handle(), Doing::DryRun)),
        };
        Ok(Preview { unknown_fields, ..preview })
    }

    /// The server's answer to a dry run, and the fields that had to be left out for it to give one.
    async fn dry_run(&self, prepared: &mut Prepared) -> (Result<Value, kube::Error>, Vec<String>) {
        /// The server names one unknown field at a time.
        const MOST: usize = 50;
        let mut left_out = Vec::new();
        loop {
            let answer = self.server_side_apply(&prepared.handle(), prepared.manifest.value(), true).await;
            if let Err(kube::Error::Api(status)) = &answer
                && left_out.len() < MOST
            {
                let fields = undeclared::remove(prepared.manifest.value_mut(), &prepared.gvk, status);
                if !fields.is_empty() {
                    left_out.extend(fields);
                    continue;
                }
            }
            return (answer, left_out);
        }
    }

    async fn compare(&self, prepared: &Prepared, live: Value, mut predicted: Value, merge: bool) -> Preview {
        let takes_over = !merge && takeover::needed(&live, self.options());
        if takes_over {
            takeover::predict(&live, &mut predicted, self.options());
            // What is removed may come back as a default, as only the server knows. Where it does not say, our own
            // guess shows too much, never too little.
            let operations = takeover::operations(&live, &predicted);
            predicted = self.json_patch(&prepared.handle(), &operations, true).await.unwrap_or(predicted);
        }
        let changes = changes(&live, &predicted, prepared.manifest.is_sensitive());
        let verb = if changes.is_empty() && !takes_over { Verb::Unchanged } else { Verb::Configure(changes) };
        Preview {
            live: keep(prepared, live),
            predicted: keep(prepared, predicted),
            takes_over,
            ..Preview::nothing(verb)
        }
    }
}

/// The dry run of an object that exists was refused: recreate it, or say why not.
fn refused(error: kube::Error, prepared: &Prepared, live: Value, force: bool, prefix: &str) -> Result<Preview, Error> {
    let handle = prepared.handle();
    let Some(reason) = rejection::immutable(&error) else {
        return Err(rejection::error(error, &handle, Doing::DryRun));
    };
    let fields = rejection::immutable_fields(&error);
    // Without fields these are the free words of a webhook, and they may quote what the object holds.
    let is_withheld = fields.is_empty() && handle.sensitive;
    let reason = if is_withheld { "a field is immutable".to_owned() } else { reason };
    if !force {
        return Err(Error::Immutable { subject: handle.subject(), reason, marker: format!("{prefix}/force: enabled") });
    }
    let changes = fields.iter().filter_map(|field| immutable_change(field, prepared, &live)).collect();
    let live = keep(prepared, live);
    Ok(Preview { live, ..Preview::nothing(Verb::Recreate { reason, changes }) })
}

fn immutable_change(field: &str, prepared: &Prepared, live: &Value) -> Option<Change> {
    let path = FieldPath::from_str(field).ok()?;
    let shown = |value: &Value| {
        if prepared.manifest.is_sensitive() { REDACTED.into() } else { value.clone() }
    };
    let before = path.find(live).map(shown);
    let after = path.find(prepared.manifest.value()).map(shown);
    Some(Change { path, before, after })
}

/// An object of the server as a manifest, so that it is wiped like one.
fn keep(prepared: &Prepared, object: Value) -> Option<Manifest> {
    let mut manifest = Manifest::new(object, prepared.manifest.origin().clone()).ok()?;
    if prepared.manifest.is_sensitive() {
        manifest.mark_sensitive();
    }
    Some(manifest)
}
