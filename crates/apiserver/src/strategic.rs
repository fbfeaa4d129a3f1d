use serde_json::{Map, Value};
use windlass_schema::{Node, PatchDirective};

const DIRECTIVE: &str = "$patch";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";
const RETAIN: &str = "$retainKeys";

/// Merges a strategic merge patch into an object.
///
/// # Errors
/// Where a directive is none, or an element of a merged list lacks its key.
pub(crate) fn merge(original: &Value, patch: &Value, node: Node<'_>) -> Result<Value, String> {
    let empty = Map::new();
    let Some(patch) = patch.as_object() else {
        return Err("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}".into());
    };
    merge_maps(original.as_object().unwrap_or(&empty), patch, Some(node)).map(Value::Object)
}

fn merge_maps(
    original: &Map<String, Value>,
    patch: &Map<String, Value>,
    node: Option<Node<'_>>,
) -> Result<Map<String, Value>, String> {
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        Some("replace") => {
            let mut whole = patch.clone();
            whole.shift_remove(DIRECTIVE);
            return Ok(whole);
        }
        Some("delete") => return Ok(Map::new()),
        Some("merge") | None => {}
        Some(other) => return Err(format!("unrecognized patch type {other:?} in map")),
    }
    let mut merged = original.clone();
    if let Some(kept) = patch.get(RETAIN).and_then(Value::as_array) {
        merged.retain(|name, _| kept.iter().any(|one| one == name.as_str()));
    }
    for (name, value) in patch {
        if name == DIRECTIVE || name == RETAIN || name.starts_with(ORDER) || name.starts_with(DELETE_FROM) {
            continue;
        }
        let below = node.and_then(|node| node.field(name));
        match (merged.get(name), value) {
            (_, Value::Null) => {
                merged.shift_remove(name);
            }
            (Some(Value::Object(there)), Value::Object(given)) => {
                let replaced = below.is_some_and(|below| below.patch().directive == Some(PatchDirective::Replace));
                let whole = if replaced { given.clone() } else { merge_maps(there, given, below)? };
                merged.insert(name.clone(), Value::Object(whole));
            }
            (Some(Value::Array(there)), Value::Array(given)) => {
                let order = patch.get(&format!("{ORDER}{name}")).and_then(Value::as_array);
                let list = merge_lists(there, given, below, order)?;
                merged.insert(name.clone(), Value::Array(list));
            }
            (_, given) => {
                merged.insert(name.clone(), without_directives(given));
            }
        }
    }
    for (name, gone) in patch.iter().filter_map(|(name, gone)| Some((name.strip_prefix(DELETE_FROM)?, gone))) {
        let gone = gone.as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(list) = merged.get_mut(name).and_then(Value::as_array_mut) {
            list.retain(|item| !gone.contains(item));
        }
    }
    // An order may come without the list: nothing is added then, only moved.
    for (name, order) in patch.iter().filter_map(|(name, order)| Some((name.strip_prefix(ORDER)?, order))) {
        let key = node.and_then(|node| node.field(name)).and_then(|below| below.patch().merge_key);
        if patch.contains_key(name) {
            continue;
        }
        if let (Some(Value::Array(list)), Some(order)) = (merged.get_mut(name), order.as_array()) {
            let server = list.clone();
            *list = ordered(std::mem::take(list), order, &server, key);
        }
    }
    Ok(merged)
}

fn merge_lists(
    original: &[Value],
    patch: &[Value],
    node: Option<Node<'_>>,
    order: Option<&Vec<Value>>,
) -> Result<Vec<Value>, String> {
    let strategy = node.map(Node::patch).unwrap_or_default();
    if strategy.directive != Some(PatchDirective::Merge) {
        return Ok(patch.iter().map(without_directives).collect());
    }
    let Some(key) = strategy.merge_key else {
        let mut merged = original.to_vec();
        for item in patch {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        return Ok(ordered(merged, order.map_or(patch, Vec::as_slice), original, None));
    };
    let directive = |item: &Value| item.get(DIRECTIVE).and_then(Value::as_str).map(str::to_owned);
    if patch.iter().any(|item| directive(item).as_deref() == Some("replace")) {
        let rest = patch.iter().filter(|item| directive(item).as_deref() != Some("replace"));
        return Ok(rest.map(without_directives).collect());
    }
    let mut merged = original.to_vec();
    for item in patch {
        let Some(mark) = item.get(key) else {
            return Err(format!("map: {} does not contain declared merge key: {key}", crate_map(item)));
        };
        let at = merged.iter().position(|one| one.get(key) == Some(mark));
        match (directive(item).as_deref(), at) {
            (Some("delete"), _) => merged.retain(|one| one.get(key) != Some(mark)),
            (_, Some(at)) => {
                let empty = Map::new();
                let (there, given) = (merged[at].as_object(), item.as_object());
                let below = node.and_then(Node::item);
                merged[at] = Value::Object(merge_maps(there.unwrap_or(&empty), given.unwrap_or(&empty), below)?);
            }
            (_, None) => merged.push(without_directives(item)),
        }
    }
    Ok(ordered(merged, order.map_or(patch, Vec::as_slice), original, Some(key)))
}

fn crate_map(item: &Value) -> String {
    let fields = item.as_object().into_iter().flatten().map(|(key, value)| match value {
        Value::String(text) => format!("{key}:{text}"),
        other => format!("{key}:{other}"),
    });
    format!("map[{}]", fields.collect::<Vec<_>>().join(" "))
}

/// Puts what the patch names into the patch's order, and the rest in between where the server's order allows it.
fn ordered(list: Vec<Value>, order: &[Value], server: &[Value], key: Option<&str>) -> Vec<Value> {
    let mark = |item: &Value| match key {
        Some(key) => item.get(key).cloned(),
        None => Some(item.clone()),
    };
    let place = |list: &[Value], item: &Value| {
        let wanted = mark(item);
        list.iter().position(|one| mark(one) == wanted)
    };
    let (mut named, mut others): (Vec<Value>, Vec<Value>) =
        list.into_iter().partition(|item| place(order, item).is_some());
    named.sort_by_key(|item| place(order, item));
    others.sort_by_key(|item| place(server, item).unwrap_or(usize::MAX));
    let mut out = Vec::with_capacity(named.len() + others.len());
    let mut named = named.into_iter().peekable();
    for other in others {
        let at = place(server, &other);
        // An item goes before the first named one that follows it on the server.
        while let Some(next) =
            named.next_if(|next| !matches!((at, place(server, next)), (Some(at), Some(next)) if at < next))
        {
            out.push(next);
        }
        out.push(other);
    }
    out.extend(named);
    out
}

/// A value that is new: its nulls and directives have nothing to act on.
fn without_directives(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, value)| {
                !value.is_null()
                    && *name != DIRECTIVE
                    && *name != RETAIN
                    && !name.starts_with(ORDER)
                    && !name.starts_with(DELETE_FROM)
            });
            Value::Object(kept.map(|(name, value)| (name.clone(), without_directives(value))).collect())
        }
        Value::Array(items) => {
            let deleted = |item: &&Value| item.get(DIRECTIVE).and_then(Value::as_str) == Some("delete");
            Value::Array(items.iter().filter(|item| !deleted(item)).map(without_directives).collect())
        }
        other => other.clone(),
    }
}
