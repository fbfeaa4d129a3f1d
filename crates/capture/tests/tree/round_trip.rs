use std::ffi::OsString;
use std::fs::{self, File, FileTimes};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use windlass_capture::FileOptions;
use windlass_capture::put_back::{self, FilesPutBack};

use crate::sketch::{archive, listing};

#[derive(Debug, Clone)]
enum Node {
    File {
        content: Vec<u8>,
        mode: u32,
        changed: u32,
        owner: u32,
    },
    Folder {
        nodes: Vec<(OsString, Node)>,
        mode: u32,
        changed: u32,
    },
    Link(String),
    /// Another name for the first file there is.
    Again,
}

fn name() -> impl Strategy<Value = OsString> {
    prop_oneof![
        "[a-z]{1,3}".prop_map(OsString::from),
        // Around the length at which a header is too short, and the longest.
        prop_oneof![98..103_usize, Just(255)].prop_map(|length| OsString::from("n".repeat(length))),
        prop::collection::vec(any::<u8>().prop_filter("a name", |byte| *byte != 0 && *byte != b'/'), 1..6)
            .prop_filter("a name", |name| name != b"." && name != b"..")
            .prop_map(OsString::from_vec),
    ]
}

fn leaf() -> impl Strategy<Value = Node> {
    let content = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop_oneof![511..514_usize, 1024..1026_usize].prop_map(|size| vec![b'c'; size]),
    ];
    prop_oneof![
        4 => (content, 0..0o10000_u32, any::<u32>(), prop_oneof![Just(0), Just(1000), Just(3_000_000_u32)])
            .prop_map(|(content, mode, changed, owner)| Node::File { content, mode, changed, owner }),
        1 => prop_oneof!["[a-z]{1,5}", "l{150}"].prop_map(Node::Link),
        1 => Just(Node::Again),
    ]
}

fn tree() -> impl Strategy<Value = Node> {
    let folder = |node| {
        (prop::collection::vec((name(), node), 0..6), 0..0o2000_u32, any::<u32>())
            .prop_map(|(nodes, mode, changed)| Node::Folder { nodes, mode: mode | 0o700, changed })
    };
    folder(leaf().prop_recursive(4, 40, 6, folder).boxed())
}

fn make(path: &Path, node: &Node, first: &mut Option<PathBuf>) {
    if path.symlink_metadata().is_ok() && path.parent().is_some_and(|_| !matches!(node, Node::Folder { .. })) {
        return;
    }
    let is_root = rustix::process::geteuid().is_root();
    match node {
        Node::File { content, mode, changed, owner } => {
            fs::write(path, content).unwrap();
            if is_root {
                lchown(path, Some(*owner), Some(*owner)).unwrap();
            }
            set_time(path, *changed);
            fs::set_permissions(path, fs::Permissions::from_mode(if is_root { *mode } else { mode | 0o400 })).unwrap();
            first.get_or_insert_with(|| path.to_owned());
        }
        Node::Folder { nodes, mode, changed } => {
            if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()) || fs::create_dir_all(path).is_err() {
                return;
            }
            for (name, node) in nodes {
                make(&path.join(name), node, first);
            }
            set_time(path, *changed);
            fs::set_permissions(path, fs::Permissions::from_mode(*mode)).unwrap();
        }
        Node::Link(target) => symlink(target, path).unwrap(),
        Node::Again => {
            if let Some(first) = first {
                fs::hard_link(first, path).unwrap();
            }
        }
    }
}

fn set_time(path: &Path, changed: u32) {
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(changed.into());
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(changed)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_tree_comes_back_as_it_was_and_gives_the_same_bytes_again(tree in tree()) {
        let home = tempfile::tempdir().unwrap();
        let (root, back) = (home.path().join("root"), home.path().join("back"));
        make(&root, &tree, &mut None);
        let (bytes, facts) = archive(&root, FileOptions::default());
        prop_assert_eq!(bytes.len() % 512, 0);
        put_back::files(&mut bytes.as_slice(), &back, &FilesPutBack::default().expecting(facts.clone())).unwrap();
        prop_assert_eq!(listing(&back), listing(&root));
        prop_assert!((bytes, facts) == archive(&back, FileOptions::default()));
    }
}
