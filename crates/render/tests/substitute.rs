//! Post-build substitution by example; `substitute_flux.rs` asks Flux itself.

use proptest::prelude::*;
use serde_json::{Value, json};
use windlass_manifest::{Manifest, Origin};
use windlass_render::substitute::{
    ExpandError, Mode, Options, Strategy, Variables, expand, substitute, substitute_all,
};

fn variables(values: &[(&str, &str)]) -> Variables {
    let mut variables = Variables::new();
    for (name, value) in values {
        variables.insert(name, value).expect("a valid name");
    }
    variables
}

fn manifest(object: Value) -> Manifest {
    Manifest::new(object, Origin::new("apps/web.yaml", 7)).expect("an object")
}

fn config_map(data: Value) -> Manifest {
    manifest(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": data}))
}

fn data_of(object: &Manifest) -> &Value {
    object.get(&["data"]).expect("data")
}

#[test]
fn a_value_may_change_its_type() {
    let object =
        config_map(json!({"port": "${PORT}", "on": "${ON}", "none": "${NONE}", "text": "p${PORT}", "mode": "${MODE}"}));
    let variables = variables(&[("PORT", "8080"), ("ON", "yes"), ("NONE", ""), ("MODE", "0644")]);
    let done = substitute(&object, &variables, &Options::default()).expect("all are set");
    let expected = json!({"port": 8080, "on": true, "none": null, "text": "p8080", "mode": 420});
    assert_eq!(*data_of(&done), expected);
    assert_eq!(done.origin().to_string(), "apps/web.yaml:7");
}

#[test]
fn numbers_are_rounded_as_flux_rounds_them() {
    let object = config_map(json!({"a": 1234567890123456789i64, "b": "${B}", "c": 9007199254740992i64, "d": 0.5}));
    let done = substitute(&object, &variables(&[("B", "1e3")]), &Options::default()).expect("all are set");
    let expected = json!({"a": 1234567890123456800i64, "b": 1000, "c": 9007199254740992i64, "d": 0.5});
    assert_eq!(*data_of(&done), expected);
    let plain = config_map(json!({"a": 9999999999999999999u64, "b": -9007199254740993i64}));
    let done = substitute(&plain, &variables(&[("B", "1")]), &Options::default()).expect("nothing to set");
    assert_eq!(*data_of(&done), json!({"a": 10000000000000000000u64, "b": -9007199254740992i64}));
    assert_eq!(substitute(&plain, &Variables::new(), &Options::default()).expect("nothing to do"), plain);
}

#[test]
fn a_value_may_bring_structure_with_it() {
    let object = config_map(json!({"tags": "${TAGS}"}));
    let done = substitute(&object, &variables(&[("TAGS", "[a, b: c]")]), &Options::default()).expect("YAML");
    assert_eq!(*data_of(&done), json!({"tags": ["a", {"b": "c"}]}));
}

#[test]
fn keys_and_blocks_are_filled_in_and_escapes_undone() {
    let object = config_map(json!({"${NAME}.sh": "echo ${NAME}\necho $${HOME} $PATH $$\n"}));
    let done = substitute(&object, &variables(&[("NAME", "run")]), &Options::default()).expect("all are set");
    assert_eq!(*data_of(&done), json!({"run.sh": "echo run\necho ${HOME} $PATH $\n"}));
}

#[test]
fn a_label_or_annotation_keeps_an_object_as_it_is() {
    for place in ["labels", "annotations"] {
        let mut object = config_map(json!({"a": "$${A} ${B} ${-}"}));
        object.value_mut()["metadata"][place] = json!({"kustomize.toolkit.fluxcd.io/substitute": "disabled"});
        let done = substitute(&object, &variables(&[("A", "1")]), &Options::default()).expect("untouched");
        assert_eq!(done, object);
    }
}

#[test]
fn without_variables_nothing_happens_unless_always() {
    let object = config_map(json!({"a": "$${A} ${B:=b}"}));
    let lazy = Options::default();
    assert_eq!(substitute(&object, &Variables::new(), &lazy).expect("untouched"), object);
    let always = Options { strategy: Strategy::Always, ..lazy };
    let done = substitute(&object, &Variables::new(), &always).expect("has a default");
    assert_eq!(*data_of(&done), json!({"a": "${A} b"}));
}

#[test]
fn every_variable_that_is_not_set_is_named_with_its_place() {
    let object = config_map(json!({"b": "${SET} ${DOMAIN^^} ${ZONE}", "c": "${DOMAIN}"}));
    let error = substitute(&object, &variables(&[("SET", "1")]), &Options::default()).expect_err("strict");
    assert_eq!(
        error.to_string(),
        "apps/web.yaml:7: ConfigMap/web at data.b: variable DOMAIN is not set in `${DOMAIN^^}`, variable ZONE is not set: \
         give a value in postBuild.substitute or substituteFrom, or a default as in `${NAME:=value}`; `$${NAME}` is plain text"
    );
    let lenient = Options { mode: Mode::Lenient, ..Options::default() };
    let done = substitute(&object, &variables(&[("SET", "1")]), &lenient).expect("lenient");
    assert_eq!(*data_of(&done), json!({"b": 1, "c": null}));
}

#[test]
fn malformed_expressions_are_shown_and_explained() {
    let message = |text: &str| expand(text, &Variables::new(), Mode::Lenient).expect_err(text).to_string();
    assert_eq!(
        message("a: ${v-d} b}"),
        "`${v-d}` is no expression: `-` is no operator; a default takes `:-` or `:=`, and where the text itself is meant it \
         starts with `$${`"
    );
    assert!(message("\n${arr[@]}").starts_with("`${arr[@]}` is no expression: `[` is no operator"));
    assert!(message("${}").starts_with("`${}` is no expression: a name must follow"));
    assert!(message("x ${v:=${w}").starts_with("`${v:=${w}` is no expression: its closing brace is missing"));
    assert!(message("${v#}").contains("its operator takes one piece of text"));
    let error = expand("\n\n${v", &Variables::new(), Mode::Strict).expect_err("unclosed");
    assert!(matches!(error, ExpandError::Syntax { line: 3, .. }), "{error:?}");
}

#[test]
fn what_is_no_yaml_afterwards_is_refused_with_its_line() {
    let object = config_map(json!({"a": "x${A}"}));
    let error = substitute(&object, &variables(&[("A", ": [")]), &Options::default()).expect_err("no YAML");
    let text = error.to_string();
    assert!(
        text.starts_with("apps/web.yaml:7: ConfigMap/web: with its variables filled in it is no YAML at line "),
        "{text}"
    );
    let object = manifest(json!({"apiVersion": "v1", "kind": "${KIND}", "metadata": {"name": "web"}}));
    let error = substitute(&object, &variables(&[("KIND", "")]), &Options::default()).expect_err("no object");
    assert!(error.to_string().ends_with("it is no Kubernetes object"), "{error}");
}

#[test]
fn secrets_mark_their_objects_and_reach_no_message() {
    let mut variables = variables(&[("PLAIN", "x")]);
    variables.insert_secret("TOKEN", "hunter2: [").expect("a valid name");
    let plain = substitute(&config_map(json!({"a": "${PLAIN}"})), &variables, &Options::default()).expect("set");
    assert!(!plain.is_sensitive());
    let object = config_map(json!({"a": "x${TOKEN}"}));
    let error = substitute(&object, &variables, &Options::default()).expect_err("no YAML");
    let shown = format!("{error} {error:?} {variables:?}");
    assert!(!shown.contains("hunter2"), "{shown}");

    variables.insert_secret("TOKEN", "hunter2").expect("a valid name");
    let done = substitute(&object, &variables, &Options::default()).expect("set");
    assert!(done.is_sensitive());
    let masked_elsewhere = Options { mark_sensitive: false, ..Options::default() };
    assert!(!substitute(&object, &variables, &masked_elsewhere).expect("set").is_sensitive());
}

#[test]
fn a_sensitive_object_shows_only_names() {
    let secret = manifest(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
        "stringData": {"a": "pass${word-hunter2}", "b": "x"}
    }));
    let error = substitute(&secret, &variables(&[("A", "1")]), &Options::default()).expect_err("malformed");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("Secret/s at stringData.a") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_build_reports_all_its_faults_and_what_it_used() {
    let objects = [
        config_map(json!({"a": "${A} ${B:=${C:=c}}"})),
        config_map(json!({"a": "plain"})),
        config_map(json!({"a": "${D}"})),
    ];
    let values = variables(&[("A", "1"), ("UNUSED", "2")]);
    let faults = substitute_all(&objects, &values, &Options::default()).expect_err("D is not set");
    assert_eq!(faults.len(), 1);
    let done = substitute_all(&objects[..2], &values, &Options::default()).expect("the rest is");
    assert_eq!(done.used.into_iter().collect::<Vec<_>>(), ["A", "B", "C"]);
    assert_eq!(done.manifests.len(), 2);
}

#[test]
fn nothing_blows_up() {
    let mut values = variables(&[("A", &"a".repeat(5_000)), ("BIG", &"x".repeat(4 << 20))]);
    let error = |text: &str, values: &Variables| expand(text, values, Mode::Lenient).expect_err("a limit").to_string();
    assert_eq!(error(&"${BIG}".repeat(20), &values), "substitution takes more than 33554432 bytes");
    assert_eq!(error("${A#*a*a*a*a*a*b}", &values), "substitution takes more than 4000000 steps of matching patterns");
    let nested = "${a:=".repeat(10_000) + &"}".repeat(10_000);
    assert_eq!(error(&nested, &values), "substitution takes more than 64 levels of nested expressions");
    assert!(error("${BIG//${E}/${BIG}}", &values).ends_with("bytes"));
    // Many small expressions are no problem.
    values.insert("E", "").expect("a valid name");
    let many = "${E:=x}".repeat(100_000);
    assert_eq!(expand(&many, &values, Mode::Strict).expect("fine").len(), 100_000);
}

#[test]
fn a_cut_character_is_no_text() {
    let values = variables(&[("V", "é")]);
    assert_eq!(expand("${V:0:1}", &values, Mode::Strict), Err(ExpandError::NotText));
    assert_eq!(expand("${V:0:1}${V:1}", &values, Mode::Strict).expect("whole again").as_str(), "é");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([${}a-c:=/#%^,\\\\*\\[\\]é\n-]|\\$\\{[abc]|.){0,40}", value in "[a-c*é\\[/]{0,9}") {
        let values = variables(&[("a", &value), ("b", "")]);
        for mode in [Mode::Strict, Mode::Lenient] {
            if let Err(error) = expand(&text, &values, mode) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn text_without_a_dollar_stays(text in "[^$]{0,60}") {
        let done = expand(&text, &variables(&[("a", "1")]), Mode::Strict).expect("nothing to expand");
        prop_assert_eq!(done.as_str(), text);
    }
}
