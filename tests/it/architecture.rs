//! The invariants that hold the tree together (ARCHITECTURE.md, "Invariants"). Each failure says what to do.

use std::collections::BTreeSet;

use crate::source::{self, File, lines_with, rust_files, shipped};

/// What ships, crate by crate.
const PROTOCOL: &str = "protocol/src";
const ACTORS: &str = "actors/src";
const EDGE: &str = "src";

/// What knows of no system.
const GENERIC: [&str; 8] = [
    "protocol/src/wire",
    "protocol/src/contract.rs",
    "protocol/src/fault.rs",
    "protocol/src/refusals.rs",
    "actors/src/kit",
    "src/edge",
    "src/realtime",
    "src/listen.rs",
];

/// Tests that may sleep between two looks at another process, which gives no notice; each with its reason.
const MAY_SLEEP: &[(&str, &str)] = &[];

#[test]
fn the_protocol_has_no_actors_no_input_output_and_no_clock() {
    let forbidden = [
        "actix",
        "actix_web",
        "actix_rt",
        "tokio",
        "hubbub_actors",
        "std::net",
        "std::fs",
        "std::time",
        "std::thread",
        "std::env",
        "SystemTime",
        "Instant",
        "println",
    ];
    refuse_names(&shipped(rust_files(PROTOCOL)), &forbidden, |_| false, "protocol is pure: move this to actors/ or src/");
    let dependencies = ["actix", "tokio", "sled", "metrics", "reqwest", "hubbub-actors"];
    refuse_dependencies("protocol/Cargo.toml", &dependencies, "protocol says what goes over the wire and does nothing");
}

#[test]
fn actors_know_neither_http_nor_sockets() {
    let forbidden = [
        "actix_web",
        "actix_http",
        "actix_server",
        "actix_codec",
        "tokio::net",
        "TcpStream",
        "TcpListener",
        "UdpSocket",
        "StatusCode",
        "HttpRequest",
        "HttpResponse",
        "hubbub::",
    ];
    let advice = "actors speak in messages and faults: let the edge (src/) translate";
    // The client of S3 calls its answers so; nothing of it leaves that file.
    let is_way_to_s3 = |path: &str| path == "actors/src/kit/blobs/s3/transport.rs";
    refuse_names(&shipped(rust_files(ACTORS)), &forbidden, is_way_to_s3, advice);
    refuse_dependencies("actors/Cargo.toml", &["actix-web", "actix-http", "actix-server"], advice);
}

#[test]
fn no_system_names_another() {
    let systems = systems();
    for own in &systems {
        for folder in [PROTOCOL, ACTORS, EDGE].map(|root| format!("{root}/{own}")) {
            let others: Vec<String> = systems.iter().filter(|other| *other != own).flat_map(|other| names_of(other)).collect();
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            let advice = "systems share only the kit: move what both need there, or keep it twice";
            refuse_names(&shipped(rust_files(&folder)), &others, |_| false, advice);
        }
    }
}

#[test]
fn generic_folders_name_no_system() {
    let names: Vec<String> = systems().iter().flat_map(|system| names_of(system)).collect();
    let mut wrong = Vec::new();
    for file in GENERIC.iter().flat_map(|folder| shipped(rust_files(folder))) {
        // Strings count here: a system's name in a text is knowledge of it as well. Only the language's own module is no system.
        let text = file.without_comments().replace("std::ops", "");
        wrong.extend(names.iter().flat_map(|name| places(&file.path, &lines_with(&text, name), name)));
    }
    none(&wrong, "give it a parameter, a trait or a table entry, and let the system's own folder fill it in");
}

#[test]
fn the_load_generator_knows_nothing_of_the_server() {
    let server = ["crate::edge", "crate::realtime", "crate::hub", "crate::listen", "crate::config", "hubbub_actors"];
    let advice = "what measures and what is measured must not share their mistakes: only the protocol is common";
    refuse_names(&shipped(rust_files("src/load")), &server, |_| false, advice);
}

#[test]
fn each_heavy_dependency_is_named_in_one_file() {
    let all = [PROTOCOL, ACTORS, EDGE].into_iter().flat_map(|root| shipped(rust_files(root))).collect::<Vec<_>>();
    let check = |dependencies: &[&str], at_least: usize| {
        let names_it = |file: &&File| {
            let code = file.code();
            // A path that begins with the crate; a module of the same name further on in a path is ours.
            let is_crate = |name: &&str| {
                code.match_indices(&format!("{name}::")).any(|(at, _)| {
                    !code.get(..at).unwrap_or_default().ends_with(|one: char| one.is_alphanumeric() || one == '_' || one == ':')
                })
            };
            dependencies.iter().any(is_crate)
        };
        let files: Vec<&str> = all.iter().filter(names_it).map(|file| file.path.as_str()).collect();
        let is_right = (at_least..=1).contains(&files.len());
        assert!(is_right, "{dependencies:?} is named in {files:?}; put a trait before it and name it in one file only");
    };
    check(&["sled"], 1);
    check(&["jsonwebtoken"], 1);
    check(&["actix_web_actors"], 0);
    check(&["rusoto_s3", "rusoto_core", "reqwest"], 1);
}

/// Reads one topic of one system in every crate by one name; the exceptions have their reason.
#[test]
fn a_topic_has_the_same_file_name_in_all_crates() {
    let elsewhere = [
        ("fleet", "devices", "its routes are answered by the actors `device` and `roster`"),
        ("fleet", "health", "answered at the edge, in src/fleet/monitoring.rs: no actor knows of it"),
        ("quiz", "connection", "answered by the actor `lobby`, which knows where sockets are"),
        ("quiz", "health", "belongs to the edge: no actor knows of it"),
        ("quiz", "hello", "answered by the actor `lobby`, which knows where sockets are"),
    ];
    let mut wrong = Vec::new();
    for system in systems() {
        let answered: BTreeSet<String> =
            rust_files(&format!("{ACTORS}/{system}")).iter().filter_map(|file| stem(&file.path)).collect();
        for topic in topics(&system) {
            let is_elsewhere = elsewhere.iter().any(|(of, name, _)| *of == system && *name == topic);
            if !answered.contains(&topic) && !is_elsewhere {
                wrong.push(format!("{PROTOCOL}/{system}/{topic}.rs has no {ACTORS}/{system}/**/{topic}.rs"));
            }
        }
    }
    none(&wrong, "name the file of the handlers like the file of their contracts");
    for (system, topic, _) in elsewhere {
        assert!(topics(system).contains(topic), "`{topic}` of `{system}` is gone: strike it off the exceptions");
    }
}

#[test]
fn rules_are_pure() {
    let forbidden =
        ["actix", "tokio", "std::fs", "std::net", "Instant", "SystemTime", "SystemClock", "Deps", "Emitter", "Context"];
    let is_rule = |file: &File| file.path.ends_with("/state.rs") || file.path.contains("/state/");
    let rules = shipped(rust_files(ACTORS)).into_iter().filter(is_rule).collect::<Vec<_>>();
    assert!(rules.len() >= 4, "device, tablet, capture session and roster have their rules in a state.rs: {}", rules.len());
    refuse_names(&rules, &forbidden, |_| false, "a state.rs decides and does nothing: pass in the time, return what to do");
}

#[test]
fn nothing_that_ships_panics_on_purpose() {
    let allowed = [
        ("actors/src/kit/deps.rs", "an extension that nobody put in is a mistake in the start-up, seen at the first start"),
        ("actors/src/kit/tokens.rs", "claims that are no object are a mistake in the code that calls it"),
    ];
    let is_allowed = |path: &str| allowed.iter().any(|(file, _)| *file == path);
    let forbidden = ["unwrap()", "unwrap_err()", "panic!", "unreachable!", "todo!", "unimplemented!", "dbg!"];
    let advice = "return a fault, or `expect(\"the invariant that holds\")` where no input can reach; \
                  a panic with a reason belongs on the list in this test";
    let files: Vec<File> = [PROTOCOL, ACTORS, EDGE].into_iter().flat_map(|root| shipped(rust_files(root))).collect();
    refuse_names(&files, &forbidden, is_allowed, advice);
    for (path, _) in allowed {
        let still_panics = files.iter().any(|file| file.path == path && !lines_with(&file.code(), "panic!").is_empty());
        assert!(still_panics, "{path} panics no more: strike it off the list");
    }
}

#[test]
fn no_test_is_ignored_and_none_sleeps() {
    let mut wrong = Vec::new();
    let crates = [PROTOCOL, ACTORS, EDGE];
    let of_crates = crates.into_iter().flat_map(|root| shipped(rust_files(root)));
    let ships: BTreeSet<String> = of_crates.map(|file| file.path).collect();
    for file in ["tests/it", "actors/tests", "protocol/tests"].into_iter().chain(crates).flat_map(rust_files) {
        let code = file.code();
        wrong.extend(places(&file.path, &lines_with(&code, "#[ignore"), "#[ignore]"));
        // With paused time, a sleep is a statement about the clock and takes none.
        let has_paused_time = ["time::pause", "start_paused"].iter().any(|pause| code.contains(pause));
        let may_sleep = ships.contains(&file.path) || has_paused_time || MAY_SLEEP.iter().any(|(path, _)| *path == file.path);
        if !may_sleep {
            wrong.extend(places(&file.path, &lines_with(&code, "sleep("), "sleep"));
        }
    }
    none(&wrong, "wait for what happens (a message, an answer, an exit), inject the clock, or pause tokio's time");
}

#[test]
fn the_text_names_no_machine() {
    // Written in two parts, so that this file does not name them itself.
    let folders = [("/ho", "me/"), ("/ro", "ot/"), ("/wo", "rk/"), ("/Us", "ers/"), ("/tm", "p/")]
        .map(|(one, other)| [one, other].concat());
    let hosts = ["https://github.com/rust-lang/crates.io-index", "https://registry.npmjs.org/"];
    let mut wrong = Vec::new();
    for path in source::paths("") {
        let text = source::read(&path);
        let is_fuzz_seed = path.starts_with("protocol/fuzz/seeds/");
        let found = folders.iter().filter(|folder| !is_fuzz_seed && text.contains(folder.as_str()));
        wrong.extend(found.map(|folder| format!("{path} names {folder}")));
        let is_lock = path.ends_with("Cargo.lock") || path.ends_with("package-lock.json");
        let sources = text.lines().filter(|line| is_lock && (line.contains("source = ") || line.contains("\"resolved\"")));
        let foreign = sources.filter(|line| !hosts.iter().any(|host| line.contains(host)));
        wrong.extend(foreign.map(|line| format!("{path} locks {}", line.trim())));
    }
    for settings in [".npmrc", ".cargo/config.toml", "tests/clients/js/.npmrc", "tests/clients/python/pip.conf"] {
        if source::exists(settings) {
            wrong.push(format!("{settings} sets up one machine"));
        }
    }
    none(&wrong, "use a relative path, a temporary directory or the public registry");
}

#[test]
fn the_documents_name_files_that_exist() {
    let mut wrong = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = source::read(document);
        assert!(!text.is_empty(), "{document} is part of the project");
        let quoted = text.split('`').skip(1).step_by(2).chain(text.split("](").skip(1).filter_map(|link| link.split(')').next()));
        let is_path = |text: &&str| {
            let begins = ["src/", "actors/", "protocol/", "tests/", "benches/", ".ci/"].iter().any(|root| text.starts_with(root));
            begins && text.chars().all(|one| one.is_alphanumeric() || "/_.-".contains(one))
        };
        let missing = quoted.filter(is_path).filter(|path| !source::exists(path));
        wrong.extend(missing.map(|path| format!("{document} names {path}, which is not there")));
    }
    none(&wrong, "correct the document: it is part of the change that moved the file");
}

#[test]
fn every_decision_and_quirk_is_listed_in_the_architecture() {
    let text = source::read("ARCHITECTURE.md");
    let mut wrong = Vec::new();
    for file in [PROTOCOL, ACTORS, EDGE].into_iter().flat_map(rust_files) {
        let marks = ["Decision:", "QUIRK:"].iter().filter(|mark| file.text.contains(**mark));
        let unlisted = marks.filter(|_| !text.contains(&format!("`{}`", file.path)));
        wrong.extend(unlisted.map(|mark| format!("{} has a `{mark}` that ARCHITECTURE.md does not list", file.path)));
    }
    none(&wrong, "add a line to \"Decisions\" or \"Quirks of the contracts\" that names the file");
}

/// The systems, by their folders; `ops` has one at the edge alone.
fn systems() -> Vec<String> {
    let folder = |path: &String| path.strip_prefix("protocol/src/")?.split_once('/').map(|(folder, _)| folder.to_owned());
    let mut systems: BTreeSet<String> = source::paths(PROTOCOL).iter().filter_map(folder).collect();
    systems.remove("wire");
    systems.insert("ops".to_owned());
    assert!(systems.contains("fleet") && systems.contains("lab"), "{systems:?}");
    systems.into_iter().collect()
}

/// A system's name as a module and as a type.
fn names_of(system: &str) -> [String; 2] {
    let (first, rest) = system.split_at(1);
    [system.to_owned(), format!("{}{rest}", first.to_uppercase())]
}

/// The topics of a system: files of its contract that a client can reach.
fn topics(system: &str) -> BTreeSet<String> {
    let is_topic = |file: &File| ["Endpoint for ", "Event for "].iter().any(|mark| file.code().contains(mark));
    rust_files(&format!("{PROTOCOL}/{system}")).iter().filter(|file| is_topic(file)).filter_map(|file| stem(&file.path)).collect()
}

fn stem(path: &str) -> Option<String> {
    path.rsplit('/').next()?.strip_suffix(".rs").map(str::to_owned)
}

fn refuse_names(files: &[File], forbidden: &[&str], is_allowed: impl Fn(&str) -> bool, advice: &str) {
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !is_allowed(&file.path)) {
        // The language's own module is no system.
        let code = file.code().replace("std::ops", "");
        wrong.extend(forbidden.iter().flat_map(|name| places(&file.path, &lines_with(&code, name), name)));
    }
    none(&wrong, advice);
}

fn refuse_dependencies(manifest: &str, forbidden: &[&str], advice: &str) {
    let text = source::read(manifest);
    let dependencies = text.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap_or_default();
    assert!(!dependencies.is_empty(), "{manifest} has dependencies");
    let is_forbidden =
        |line: &&str| forbidden.iter().any(|name| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ' ', '='])));
    let wrong: Vec<String> = dependencies.lines().filter(is_forbidden).map(|line| format!("{manifest}: {line}")).collect();
    none(&wrong, advice);
}

fn places(path: &str, lines: &[usize], what: &str) -> Vec<String> {
    lines.iter().map(|line| format!("{path}:{line} names {what}")).collect()
}

fn none(wrong: &[String], advice: &str) {
    assert!(wrong.is_empty(), "\n  {}\n{advice}", wrong.join("\n  "));
}
