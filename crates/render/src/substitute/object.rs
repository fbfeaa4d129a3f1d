use std::collections::BTreeSet;

use serde_json::{Number, Value};
use windlass_manifest::{FieldPath, Manifest, Step};
use windlass_yaml::ReadOptions;
use zeroize::Zeroizing;

use super::error::{SubstituteError, SubstituteFault};
use super::evaluate::{Expanded, expand_tracked};
use super::{ExpandError, Mode, Variables};

/// The label or annotation that keeps an object as it is.
const MARK: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// How objects are substituted. The default is Flux's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What becomes of variables that are not set. Default: [`Mode::Strict`].
    pub mode: Mode,
    /// When there is anything to do at all (`postBuild.substituteStrategy`). Default: [`Strategy::WithVariables`].
    pub strategy: Strategy,
    /// Whether an object that a secret value went into is [marked as sensitive](Manifest::mark_sensitive): nothing then
    /// shows any of it. Turn it off only where the values themselves are masked. Default: true.
    pub mark_sensitive: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { mode: Mode::default(), strategy: Strategy::default(), mark_sensitive: true }
    }
}

/// When objects are substituted (`postBuild.substituteStrategy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Strategy {
    /// Where there is at least one variable; without any, even `$$` stays.
    #[default]
    WithVariables,
    /// In any case, so that defaults and escapes work without variables.
    Always,
}

/// What became of the objects of a build.
#[derive(Debug)]
pub struct Substitution {
    /// The objects, in their order.
    pub manifests: Vec<Manifest>,
    /// The names of all variables that were asked for, set or not: only a change of one of these, or of whether there are
    /// variables at all, can change the result.
    pub used: BTreeSet<String>,
}

/// Fills the variables into one object.
///
/// An object with the label or annotation `kustomize.toolkit.fluxcd.io/substitute: disabled` stays as it is. Keys are
/// filled in like values; every field may change its type. The origin is kept.
///
/// # Errors
/// Where its text cannot be expanded, or is no object afterwards. The error holds no value of a variable, and nothing but
/// names of variables from an object that is sensitive.
pub fn substitute(
    manifest: &Manifest,
    variables: &Variables,
    options: &Options,
) -> Result<Manifest, Box<SubstituteError>> {
    substitute_tracked(manifest, variables, options, &mut BTreeSet::new())
}

/// Fills the variables into all objects of a build.
///
/// # Errors
/// All faults of all objects, each as [`substitute`] gives it.
pub fn substitute_all(
    manifests: &[Manifest],
    variables: &Variables,
    options: &Options,
) -> Result<Substitution, Vec<SubstituteError>> {
    let mut used = BTreeSet::new();
    let (mut done, mut faults) = (Vec::with_capacity(manifests.len()), Vec::new());
    for manifest in manifests {
        match substitute_tracked(manifest, variables, options, &mut used) {
            Ok(manifest) => done.push(manifest),
            Err(fault) => faults.push(*fault),
        }
    }
    if faults.is_empty() { Ok(Substitution { manifests: done, used }) } else { Err(faults) }
}

fn substitute_tracked(
    manifest: &Manifest,
    variables: &Variables,
    options: &Options,
    used: &mut BTreeSet<String>,
) -> Result<Manifest, Box<SubstituteError>> {
    let disabled = [manifest.label(MARK), manifest.annotation(MARK)].contains(&Some("disabled"));
    let idle = variables.is_empty() && options.strategy == Strategy::WithVariables;
    if disabled || idle {
        return Ok(manifest.clone());
    }
    if !holds_dollar(manifest.value()) {
        // Printing and reading again would change nothing else.
        let mut same = manifest.clone();
        round_numbers(same.value_mut());
        return Ok(same);
    }
    let text = Zeroizing::new(windlass_yaml::print(manifest.value()));
    let expanded = expand_tracked(&text, variables, options.mode).map_err(|error| blame(manifest, error))?;
    used.extend(expanded.used.iter().cloned());
    reread(manifest, expanded, options)
}

fn reread(manifest: &Manifest, expanded: Expanded, options: &Options) -> Result<Manifest, Box<SubstituteError>> {
    let sensitive = expanded.secret || manifest.is_sensitive();
    let fault = |fault| about(manifest, None, fault);
    let mut value = windlass_yaml::read_document(&expanded.text, &ReadOptions::config()).map_err(|source| {
        let line = source.position().line;
        fault(SubstituteFault::Yaml { line, source: (!sensitive).then_some(source) })
    })?;
    round_numbers(&mut value);
    let mut done = Manifest::new(value, manifest.origin().clone())
        .map_err(|source| fault(SubstituteFault::NotAnObject { source }))?;
    if manifest.is_sensitive() || (expanded.secret && options.mark_sensitive) {
        done.mark_sensitive();
    }
    Ok(done)
}

fn blame(manifest: &Manifest, error: ExpandError) -> Box<SubstituteError> {
    let field = error.expression().and_then(|expression| find(manifest.value(), expression));
    let error = if manifest.is_sensitive() { error.redacted() } else { error };
    about(manifest, field, SubstituteFault::Expand(error))
}

fn about(manifest: &Manifest, field: Option<FieldPath>, fault: SubstituteFault) -> Box<SubstituteError> {
    Box::new(SubstituteError { object: manifest.id(), origin: manifest.origin().clone(), field, fault })
}

fn holds_dollar(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('$'),
        Value::Array(items) => items.iter().any(holds_dollar),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('$') || holds_dollar(value)),
        _ => false,
    }
}

/// Flux hands the object on as JSON numbers, which Go reads as floating point: integers beyond 2^53 lose digits, and `1e3`
/// comes out as an integer.
fn round_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(rounded) = rounded(number) {
                *number = rounded;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(round_numbers),
        Value::Object(fields) => fields.values_mut().for_each(round_numbers),
        _ => {}
    }
}

fn rounded(number: &Number) -> Option<Number> {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
    let exact = match (number.as_i64(), number.as_u64()) {
        (Some(whole), _) => whole.unsigned_abs() <= EXACT,
        (None, whole) => whole.is_some_and(|whole| whole <= EXACT),
    };
    let float = number.as_f64().filter(|float| !exact && float.fract() == 0.0)?;
    // The shortest digits that mean this number, and zeros.
    let digits = float.to_string();
    digits.parse::<i64>().map(Number::from).or_else(|_| digits.parse::<u64>().map(Number::from)).ok()
}

/// The first field whose value or key holds the expression.
fn find(value: &Value, expression: &str) -> Option<FieldPath> {
    let expression = expression.trim_end_matches('…');
    let mut steps = Vec::new();
    search(value, expression, &mut steps).then(|| steps.into_iter().rev().collect())
}

/// Puts the steps to the field in, the last one first.
fn search(value: &Value, expression: &str, steps: &mut Vec<Step>) -> bool {
    let found = match value {
        Value::String(text) => return text.contains(expression),
        Value::Array(items) => {
            let index = items.iter().position(|item| search(item, expression, steps));
            index.map(Step::Index)
        }
        Value::Object(fields) => {
            let field = fields.iter().find(|(key, value)| key.contains(expression) || search(value, expression, steps));
            field.map(|(key, _)| Step::Field(key.clone()))
        }
        _ => None,
    };
    let is_found = found.is_some();
    steps.extend(found);
    is_found
}
