use regex::Regex;
use serde_json::Value;

use crate::failure::FieldFault;

/// Holds a value against an OpenAPI schema, with the messages of the real server.
pub(crate) fn check(value: &Value, schema: &Value, path: &str, faults: &mut Vec<FieldFault>) {
    let flag = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    if value.is_null() && flag("nullable") {
        return;
    }
    if !of_type(value, schema) {
        let (found, wanted) = (type_name(value), text(schema, "type"));
        let wanted = if flag("x-kubernetes-int-or-string") { "integer,string" } else { wanted };
        let message = format!("{} in body must be of type {wanted}: \"{found}\"", shown(path));
        faults.push(FieldFault::type_invalid(path, &found.into(), message));
        allowed(value, schema, path, faults);
        return;
    }
    match value {
        Value::Object(_) => object(value, schema, path, faults),
        Value::Array(_) => list(value, schema, path, faults),
        Value::String(text) => string(text, schema, path, faults),
        Value::Number(_) => number(value, schema, path, faults),
        _ => {}
    }
    allowed(value, schema, path, faults);
    combined(value, schema, path, faults);
}

fn allowed(value: &Value, schema: &Value, path: &str, faults: &mut Vec<FieldFault>) {
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        faults.push(FieldFault::unsupported(path, value, &allowed));
    }
}

fn combined(value: &Value, schema: &Value, path: &str, faults: &mut Vec<FieldFault>) {
    let branches = |name: &str| schema.get(name).and_then(Value::as_array).filter(|all| !all.is_empty());
    let passes = |branch: &Value| {
        let mut inner = Vec::new();
        check(value, branch, path, &mut inner);
        inner.is_empty()
    };
    if let Some(all) = branches("anyOf")
        && !all.iter().any(passes)
    {
        let message = format!("{} in body must validate at least one schema (anyOf)", shown(path));
        faults.push(FieldFault::invalid(path, value, message));
    }
    if let Some(all) = branches("oneOf") {
        let found = all.iter().filter(|branch| passes(branch)).count();
        if found != 1 {
            let but = if found == 0 { "Found none valid" } else { "Found more than one valid" };
            let message = format!("{} in body must validate one and only one schema (oneOf). {but}", shown(path));
            faults.push(FieldFault::invalid(path, value, message));
        }
    }
    for branch in branches("allOf").into_iter().flatten() {
        check(value, branch, path, faults);
    }
    if let Some(not) = schema.get("not")
        && passes(not)
    {
        let message = format!("{} in body must not validate the schema (not)", shown(path));
        faults.push(FieldFault::invalid(path, value, message));
    }
}

fn object(value: &Value, schema: &Value, path: &str, faults: &mut Vec<FieldFault>) {
    let Some(fields) = value.as_object() else { return };
    let properties = schema.get("properties").and_then(Value::as_object);
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for name in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            faults.push(FieldFault::required(below(name), ""));
        }
    }
    let mut names: Vec<&String> = fields.keys().collect();
    names.sort();
    for name in names {
        let declared = properties.and_then(|properties| properties.get(name));
        let schema = declared.or_else(|| schema.get("additionalProperties").filter(|one| one.is_object()));
        if let (Some(schema), Some(there)) = (schema, fields.get(name)) {
            check(there, schema, &below(name), faults);
        }
    }
    bound(
        schema,
        "maxProperties",
        |most| fields.len() as f64 > most,
        |most| {
            let message = format!("Too many: {}: must have at most {most} items", fields.len());
            faults.push(FieldFault { field: path.to_owned(), reason: "FieldValueTooMany", message });
        },
    );
    bound(
        schema,
        "minProperties",
        |least| (fields.len() as f64) < least,
        |least| {
            let message = format!("{} in body should have at least {least} properties", shown(path));
            faults.push(FieldFault::invalid(path, value, message));
        },
    );
}

fn list(value: &Value, schema: &Value, path: &str, faults: &mut Vec<FieldFault>) {
    let Some(items) = value.as_array() else { return };
    if let Some(below) = schema.get("items") {
        for (index, item) in items.iter().enumerate() {
            check(item, below, &format!("{path}[{index}]"), faults);
        }
    }
    bound(
        schema,
        "maxItems",
        |most| items.len() as f64 > most,
        |most| {
            let message = format!("Too many: {}: must have at most {most} items", items.len());
            faults.push(FieldFault { field: path.to_owned(), reason: "FieldValueTooMany", message });
        },
    );
    bound(
        schema,
        "minItems",
        |least| (items.len() as f64) < least,
        |least| {
            let message = format!("{} in body should have at least {least} items", shown(path));
            faults.push(FieldFault::invalid(path, value, message));
        },
    );
    let keys: Vec<&str> = match text(schema, "x-kubernetes-list-type") {
        "map" => {
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            keys.into_iter().flatten().filter_map(Value::as_str).collect()
        }
        "set" => Vec::new(),
        _ => return,
    };
    let mut seen = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let mark: Value = if keys.is_empty() {
            item.clone()
        } else {
            keys.iter().filter_map(|key| Some(((*key).to_owned(), item.get(*key)?.clone()))).collect()
        };
        if seen.contains(&mark) {
            faults.push(FieldFault::duplicate(format!("{path}[{index}]"), &mark));
        }
        seen.push(mark);
    }
}

fn string(value: &str, schema: &Value, path: &str, faults: &mut Vec<FieldFault>) {
    let given = Value::from(value);
    let length = value.chars().count() as f64;
    let before = faults.len();
    bound(
        schema,
        "maxLength",
        |most| length > most,
        |most| {
            let message = format!("Too long: may not be more than {most} bytes");
            faults.push(FieldFault { field: path.to_owned(), reason: "FieldValueTooLong", message });
        },
    );
    bound(
        schema,
        "minLength",
        |least| length < least,
        |least| {
            let message = format!("{} in body should be at least {least} chars long", shown(path));
            faults.push(FieldFault::invalid(path, &given, message));
        },
    );
    // Of a text only the first fault is told.
    if faults.len() > before {
        return;
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str)
        && Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(value))
    {
        let message = format!("{} in body should match '{pattern}'", shown(path));
        faults.push(FieldFault::invalid(path, &given, message));
    }
    let format = text(schema, "format");
    let fits = match format {
        "date-time" => value.parse::<jiff::Timestamp>().is_ok(),
        "date" => value.parse::<jiff::civil::Date>().is_ok(),
        "ipv4" => value.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => value.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => true,
    };
    if !fits {
        let message = format!("{} in body must be of type {format}: {given}", shown(path));
        faults.push(FieldFault::type_invalid(path, &given, message));
    }
}

fn number(value: &Value, schema: &Value, path: &str, faults: &mut Vec<FieldFault>) {
    let Some(amount) = value.as_f64() else { return };
    let exclusive = |name: &str| schema.get(name) == Some(&Value::Bool(true));
    let (above, below) = (exclusive("exclusiveMinimum"), exclusive("exclusiveMaximum"));
    bound(
        schema,
        "minimum",
        |least| amount < least || (above && amount == least),
        |least| {
            let how = if above { "greater than" } else { "greater than or equal to" };
            faults.push(FieldFault::invalid(path, value, format!("{} in body should be {how} {least}", shown(path))));
        },
    );
    bound(
        schema,
        "maximum",
        |most| amount > most || (below && amount == most),
        |most| {
            let how = if below { "less than" } else { "less than or equal to" };
            faults.push(FieldFault::invalid(path, value, format!("{} in body should be {how} {most}", shown(path))));
        },
    );
    bound(
        schema,
        "multipleOf",
        |step| step != 0.0 && (amount / step).fract() != 0.0,
        |step| {
            let message = format!("{} in body should be a multiple of {step}", shown(path));
            faults.push(FieldFault::invalid(path, value, message));
        },
    );
}

fn bound(schema: &Value, name: &str, broken: impl Fn(f64) -> bool, mut told: impl FnMut(f64)) {
    if let Some(limit) = schema.get(name).and_then(Value::as_f64)
        && broken(limit)
    {
        told(limit);
    }
}

fn of_type(value: &Value, schema: &Value) -> bool {
    if schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
        return value.is_string() || value.is_i64() || value.is_u64();
    }
    match text(schema, "type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        _ => true,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn text<'a>(schema: &'a Value, name: &str) -> &'a str {
    schema.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn shown(path: &str) -> &str {
    path
}
