//! The program as an operator types it: what it prints, and how it ends.

use std::io::{BufRead, Write};
use std::process::{Command, Output, Stdio};

use hubbub_actors::kit::clock::{Clock, SystemClock};
use hubbub_actors::kit::tokens::Tokens;
use hubbub_protocol::fleet::auth::{Claims, DeviceType};
use tempfile::TempDir;

/// Runs the built program with an environment of its own, and returns what it printed.
fn hubbub(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command(arguments, environment).output().expect("the program runs")
}

fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hubbub"));
    command.args(arguments).env_clear().envs(environment.iter().copied()).stdin(Stdio::null());
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns exit code, standard output and standard error.
fn told(output: &Output) -> (Option<i32>, String, String) {
    (output.status.code(), stdout(output), stderr(output))
}

fn data_dir() -> (TempDir, String) {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().display().to_string();
    (directory, path)
}

#[test]
fn a_fine_configuration_is_called_fine() {
    let expected = (Some(0), "the configuration is fine\n".to_owned(), String::new());
    assert_eq!(told(&hubbub(&["check-config"], &[])), expected);
}

#[test]
fn mistakes_are_listed_and_end_with_2() {
    let environment = [("HUBBUB_FLEET__PORT", "99999"), ("HUBBUB_COLOUR", "blue")];
    let expected = "hubbub: the configuration has 2 mistakes:\n  \
        - `fleet.port` must be a whole number from 0 to 65535, not `99999` (from HUBBUB_FLEET__PORT)\n  \
        - unknown environment variable `HUBBUB_COLOUR`\n";
    for arguments in [&["check-config"][..], &["serve"], &[], &["secrets"]] {
        assert_eq!(told(&hubbub(arguments, &environment)), (Some(2), String::new(), expected.to_owned()), "{arguments:?}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = hubbub(&["check-config", "--config", "/nowhere/hubbub.toml"], &[]);
    let expected = "hubbub: the configuration has 1 mistake:\n  \
        - cannot read /nowhere/hubbub.toml: No such file or directory (os error 2)\n";
    assert_eq!(told(&missing), (Some(2), String::new(), expected.to_owned()));

    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    write!(file, "bind = \"::1\"\nport =").expect("a write");
    let path = file.path().display().to_string();
    let broken = hubbub(&["--config", &path, "check-config"], &[]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(stderr(&broken).contains(&format!("{path}, line 2: ")), "{}", stderr(&broken));
}

#[test]
fn the_configuration_in_force_and_the_table_of_keys_are_printed() {
    let printed = hubbub(&["check-config", "--print"], &[("HUBBUB_FLEET__JWT_SECRET", "0123456789abcdef-hush")]);
    assert_eq!(printed.status.code(), Some(0));
    assert!(stdout(&printed).contains("[realtime]\nping_interval_ms = 25000\n"), "{}", stdout(&printed));
    assert!(!stdout(&printed).contains("hush"));
    let keys = stdout(&hubbub(&["check-config", "--keys"], &[]));
    assert!(
        keys.starts_with("| key | default | allowed | meaning |\n|---|---|---|---|\n| `data_dir` | `\"./data\"` |"),
        "{keys}"
    );
}

#[test]
fn what_an_open_address_opens_is_warned_about() {
    let checked = hubbub(&["check-config"], &[("HUBBUB_BIND", "0.0.0.0")]);
    assert_eq!((checked.status.code(), stdout(&checked).as_str()), (Some(0), "the configuration is fine\n"));
    assert!(stderr(&checked).starts_with("warning: fleet on 0.0.0.0:3200: anyone who reaches it may "), "{}", stderr(&checked));
}

#[test]
fn wrong_arguments_end_with_2_and_say_what_is_right() {
    for arguments in [&["sevre"][..], &["serve", "--colour"], &["token"], &["store"], &["store", "chek"]] {
        let refused = hubbub(arguments, &[]);
        assert_eq!((refused.status.code(), stdout(&refused).as_str()), (Some(2), ""), "{arguments:?}");
        assert!(stderr(&refused).contains("Usage: hubbub"), "{}", stderr(&refused));
    }
}

#[test]
fn every_command_explains_itself() {
    let help = stdout(&hubbub(&["--help"], &[]));
    for word in ["serve", "check-config", "secrets", "token", "store", "--config <FILE>", "Exit codes: 0 done"] {
        assert!(help.contains(word), "{word} is missing in\n{help}");
    }
    for command in ["serve", "check-config", "secrets", "token", "store"] {
        assert_eq!(hubbub(&[command, "--help"], &[]).status.code(), Some(0), "{command}");
    }
    assert!(stdout(&hubbub(&["--version"], &[])).starts_with("hubbub 0."));
}

#[test]
fn secrets_are_listed_and_shown_only_on_request() {
    let (_directory, path) = data_dir();
    let environment = [("HUBBUB_DATA_DIR", path.as_str()), ("HUBBUB_FLEET__ADMIN_API_KEY", "my-own-admin-key")];
    let listed = hubbub(&["secrets"], &environment);
    assert_eq!((listed.status.code(), stderr(&listed).as_str()), (Some(0), ""));
    let hidden = "(--show prints it)";
    let expected = |fleet: &str, admin: &str, quiz: &str, blobs: &str| {
        format!(
            "fleet.jwt_secret     generated   {fleet}\nfleet.admin_api_key  configured  {admin}\n\
             quiz.jwt_secret      generated   {quiz}\nblobs.url_secret     generated   {blobs}\n"
        )
    };
    assert_eq!(stdout(&listed), expected(hidden, hidden, hidden, hidden));
    let shown = stdout(&hubbub(&["secrets", "--show"], &environment));
    let secrets: Vec<_> = shown.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    let [fleet, _, quiz, blobs] = secrets.as_slice() else { panic!("four secrets in {shown}") };
    assert_eq!((fleet.len(), quiz.len(), blobs.len()), (43, 43, 43), "256 bits in base64url");
    assert!(fleet != quiz && fleet != blobs && quiz != blobs);
    assert_eq!(shown, expected(fleet, "my-own-admin-key", quiz, blobs));
    assert_eq!(stdout(&hubbub(&["secrets", "--show"], &environment)), shown, "the same at the next start");
}

#[test]
fn a_token_is_printed_alone() {
    let (_directory, path) = data_dir();
    let issue = |id, kind| hubbub(&["token", "--device-id", id, "--device-type", kind], &[("HUBBUB_DATA_DIR", path.as_str())]);
    let issued = issue("QUEST_001", "headset");
    assert_eq!((issued.status.code(), stderr(&issued).as_str()), (Some(0), ""));
    let token = stdout(&issued);
    assert_eq!((token.split('.').count(), token.lines().count()), (3, 1), "{token}");
    let shown = stdout(&hubbub(&["secrets", "--show"], &[("HUBBUB_DATA_DIR", path.as_str())]));
    let secret = shown.split_whitespace().nth(2).expect("the signing secret comes first");
    let claims: Claims = Tokens::new("fleet", secret.as_bytes()).verify(token.trim(), SystemClock.now()).expect("it is valid");
    assert_eq!((claims.device_id.as_str(), claims.device_type), ("QUEST_001", DeviceType::Headset));
    let bad_id = told(&issue("short", "headset"));
    assert_eq!(bad_id, (Some(2), String::new(), "hubbub: deviceId must be 8-64 alphanumeric characters\n".to_owned()));
    let bad_type = told(&issue("QUEST_001", "phone"));
    assert_eq!(bad_type, (Some(2), String::new(), "hubbub: deviceType must be headset, tablet, or dashboard\n".to_owned()));
}

#[test]
fn a_store_goes_out_and_in_again() {
    let (_directory, path) = data_dir();
    let environment = [("HUBBUB_DATA_DIR", path.as_str())];
    let none_yet = hubbub(&["store", "check"], &environment);
    let expected = format!("hubbub: there is no store in {path}; the first start makes one\n");
    assert_eq!(told(&none_yet), (Some(1), String::new(), expected));

    let line = "{\"kind\":\"test.note\",\"id\":\"n1\",\"version\":1,\"value\":{\"text\":\"hello\"}}\n";
    let mut import = command(&["store", "import"], &environment);
    let mut import = import.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    import.stdin.take().expect("a pipe").write_all(line.as_bytes()).expect("it reads");
    let imported = import.wait_with_output().expect("it ends");
    assert_eq!(told(&imported), (Some(0), String::new(), "imported 1 snapshot\n".to_owned()));

    assert_eq!(
        told(&hubbub(&["store", "check"], &environment)),
        (Some(0), "test.note: 1\n1 snapshots, 0 damaged\n".to_owned(), String::new())
    );
    let exported = hubbub(&["store", "export"], &environment);
    assert_eq!((exported.status.code(), stdout(&exported).as_str()), (Some(0), line));

    let not_empty = hubbub(&["store", "import", "/dev/null"], &environment);
    assert_eq!(not_empty.status.code(), Some(1));
    assert!(stderr(&not_empty).contains("--merge"), "{}", stderr(&not_empty));
    let to_file = format!("{path}/export.jsonl");
    let exported = hubbub(&["store", "export", &to_file], &environment);
    assert_eq!(told(&exported), (Some(0), String::new(), "exported 1 snapshot\n".to_owned()));
    let over_it = hubbub(&["store", "export", &to_file], &environment);
    assert_eq!(told(&over_it).0, Some(1), "an export never overwrites");
    let merged = hubbub(&["store", "import", "--merge", &to_file], &environment);
    assert_eq!(told(&merged), (Some(0), String::new(), "imported 1 snapshot\n".to_owned()));
}

/// A served hub in a process of its own.
struct Served {
    process: std::process::Child,
    lines: std::io::Lines<std::io::BufReader<std::process::ChildStdout>>,
}

fn serve(environment: &[(&str, &str)]) -> Served {
    let mut command = command(&["serve"], environment);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let lines = std::io::BufReader::new(process.stdout.take().expect("a pipe")).lines();
    Served { process, lines }
}

impl Served {
    /// Reads the listeners up to `ready`.
    fn listeners(&mut self) -> Vec<String> {
        let lines = self.lines.by_ref().map(|line| line.expect("text"));
        lines.take_while(|line| line != "ready").collect()
    }

    /// Sends a signal and returns the exit code.
    fn end_with(mut self, signal: &str) -> Option<i32> {
        // The shell's own `kill`: the program of that name is not everywhere.
        let sent = Command::new("sh").args(["-c", &format!("kill {signal} {}", self.process.id())]).status().expect("sh runs");
        assert!(sent.success());
        self.process.wait().expect("it ends").code()
    }
}

#[test]
fn serving_prints_the_listeners_and_ready_and_ends_with_0_on_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let (_directory, path) = data_dir();
        let environment = [
            ("HUBBUB_DATA_DIR", path.as_str()),
            ("HUBBUB_LAB__ENABLED", "true"),
            ("HUBBUB_LAB__PORT", "0"),
            ("HUBBUB_FLEET__PORT", "0"),
            ("HUBBUB_QUIZ__PORT", "0"),
            ("HUBBUB_OPS__PORT", "0"),
        ];
        let mut served = serve(&environment);
        let listeners = served.listeners();
        let systems = listeners.iter().map(|line| line.split(" listening on http://127.0.0.1:").next().expect("a first part"));
        assert_eq!(systems.collect::<Vec<_>>(), ["fleet", "quiz", "lab", "ops"], "{listeners:?}");
        assert_eq!(served.end_with(signal), Some(0), "{signal}");
    }
}

#[test]
fn a_port_in_use_names_the_key_to_change() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let (_directory, path) = data_dir();
    let environment = [
        ("HUBBUB_DATA_DIR", path.as_str()),
        ("HUBBUB_LAB__ENABLED", "true"),
        ("HUBBUB_LAB__PORT", port.as_str()),
        ("HUBBUB_FLEET__PORT", "0"),
        ("HUBBUB_QUIZ__PORT", "0"),
        ("HUBBUB_OPS__PORT", "0"),
        ("HUBBUB_LOG__LEVEL", "off"),
    ];
    let refused = hubbub(&["serve"], &environment);
    assert_eq!((refused.status.code(), stdout(&refused).as_str()), (Some(1), ""));
    let (begins, ends) = (
        format!("hubbub: lab cannot listen on 127.0.0.1:{port}: Address already in use"),
        "; set `lab.port` to another port, or 0 for any free one\n",
    );
    assert!(stderr(&refused).starts_with(&begins) && stderr(&refused).ends_with(ends), "{}", stderr(&refused));
}
