//! What the program says of itself.

use crate::run::Scratch;

#[test]
fn help_teaches() {
    let scratch = Scratch::new([]);
    let commands = [
        "--help",
        "try --help",
        "build --help",
        "diff --help",
        "apply --help",
        "get --help",
        "get kustomizations --help",
        "get sources --help",
        "reconcile --help",
        "reconcile kustomization --help",
        "suspend --help",
        "resume source --help",
        "backup --help",
        "backup init --help",
        "backup run --help",
        "backup list --help",
        "backup show --help",
        "backup diff --help",
        "backup cat --help",
        "backup extract --help",
        "backup verify --help",
        "backup prune --help",
        "backup sweep --help",
        "backup status --help",
        "backup job --help",
        "backup key --help",
        "backup key new --help",
        "backup key prove --help",
        "backup key paper --help",
        "backup key read --help",
        "backup key split --help",
        "backup key join --help",
        "backup key change --help",
        "restore --help",
        "rebuild --help",
        "drill --help",
        "undelete --help",
        "coverage --help",
        "crds --help",
        "manifests --help",
        "secrets --help",
        "secrets init --help",
        "secrets decrypt --help",
        "secrets encrypt --help",
        "secrets edit --help",
        "secrets get --help",
        "secrets set --help",
        "secrets unset --help",
        "secrets list --help",
        "secrets rotate --help",
        "secrets rekey --help",
        "secrets groups --help",
        "secrets groups add --help",
        "secrets exec-env --help",
        "secrets exec-file --help",
        "secrets file-status --help",
        "secrets check --help",
        "secrets status --help",
        "secrets doctor --help",
        "secrets recovery --help",
        "secrets recovery new --help",
        "secrets recovery drill --help",
        "secrets import sealed --help",
        "secrets merge --help",
        "secrets textconv --help",
        "secrets git-setup --help",
        "completions --help",
    ];
    for command in commands {
        let name = format!("help {}", command.trim_end_matches("--help")).trim_end().replace(' ', "_");
        let ran = scratch.run(command);
        assert!(!ran.stdout.lines().any(|line| line.chars().count() > 100), "{command}: wider than 100 columns");
        insta::assert_snapshot!(name, ran);
    }
}

#[test]
fn without_arguments_it_says_what_there_is() {
    let ran = Scratch::new([]).run("");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.contains("Usage: windlass"));
}

#[test]
fn the_version_is_that_of_the_workspace() {
    assert_eq!(Scratch::new([]).run("--version").stdout, concat!("windlass ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn an_unknown_flag_is_named() {
    insta::assert_snapshot!(Scratch::new([]).run("build --orderr legacy"));
}

#[test]
fn there_are_completions_for_every_shell() {
    let scratch = Scratch::new([]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = scratch.run(&format!("completions {shell}"));
        assert_eq!(ran.code, Some(0), "{shell}");
        assert!(ran.stdout.contains("kustomizations"), "{shell}");
    }
}

#[test]
fn the_definitions_are_yaml_for_kubectl() {
    let ran = Scratch::new([]).run("crds");
    let kinds: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with("kind:")).collect();
    assert_eq!(kinds, ["kind: CustomResourceDefinition"; 2]);
    assert!(ran.stdout.contains("  name: kustomizations.kustomize.toolkit.fluxcd.io\n"));
}
