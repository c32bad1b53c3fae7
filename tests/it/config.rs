//! The configuration as an operator meets it: defaults, file and environment, and every mistake at once.

use std::ffi::OsString;
use std::time::Duration;

use hubbub::config::{
    AccessMode, AdminKeySetting, BlobsKind, Config, LogFormat, LogLevel, Mistakes, Secret, effective, keys_table,
};

fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn config(file: &str, variables: &[(&str, &str)]) -> Config {
    Config::parse(Some(file), environment(variables)).expect("no mistakes").config
}

fn mistakes(file: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let Mistakes(mistakes) = Config::parse(Some(file), environment(variables)).expect_err("mistakes");
    mistakes
}

#[test]
fn the_defaults_are_the_documented_ones() {
    let config = Config::default();
    assert_eq!(config, self::config("", &[]));
    assert_eq!(config.data_dir.to_str(), Some("./data"));
    assert_eq!(config.bind.to_string(), "127.0.0.1");
    assert_eq!((config.log.level, config.log.format), (LogLevel::Info, LogFormat::Text));
    let realtime = &config.realtime;
    assert_eq!((realtime.ping_interval_ms, realtime.ping_timeout_ms), (25_000, 20_000));
    assert_eq!((realtime.connect_timeout_ms, realtime.upgrade_timeout_ms), (45_000, 10_000));
    assert_eq!((realtime.max_payload_bytes, realtime.outbox_bytes, realtime.outbox_packets), (1_000_000, 1_048_576, 4096));
    assert_eq!(config.limits_scale.to_string(), "1");
    let fleet = &config.fleet;
    assert_eq!((fleet.enabled, fleet.port, fleet.access, fleet.requires_auth()), (true, 3200, AccessMode::Compat, false));
    assert_eq!((fleet.max_payload_bytes, fleet.recovery, fleet.lock_grace), (10_485_760, false, Duration::ZERO));
    assert_eq!((&fleet.jwt_secret, &fleet.admin_api_key), (&None, &AdminKeySetting::Generated));
    assert_eq!((config.lab.enabled, config.lab.port), (false, 3000));
    assert_eq!((config.ops.enabled, config.ops.port), (true, 9464));
}

#[test]
fn file_and_environment_are_read() {
    let file = r#"
        bind = "0.0.0.0"
        trusted_proxies = ["10.0.0.0/8", "::1"]
        [fleet]
        access = "strict"
        cors_origins = ["https://dash.example:8443"]
        port = 1
        enrolment_secrets.tablet = "for tablets"
        [limits]
        scale = 0
    "#;
    let variables = [
        ("HUBBUB_FLEET__PORT", "3201"),
        ("HUBBUB_FLEET__REQUIRE_AUTH", "false"),
        ("HUBBUB_FLEET__ADMIN_API_KEY", ""),
        ("HUBBUB_FLEET__ENROLMENT_SECRET", "for all"),
        ("HUBBUB_LAB__CORS_ORIGINS", "http://a.example, http://b.example"),
        ("HUBBUB_LOG__FORMAT", "json"),
        ("HUBBUB_REALTIME__PING_INTERVAL_MS", "300"),
    ];
    let config = config(file, &variables);
    assert_eq!(config.bind.to_string(), "0.0.0.0");
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!((config.fleet.port, config.fleet.access, config.fleet.requires_auth()), (3201, AccessMode::Strict, false));
    assert_eq!(config.fleet.admin_api_key, AdminKeySetting::Disabled);
    assert_eq!(config.fleet.enrolment.for_type("headset").map(Secret::expose), Some("for all"));
    assert_eq!(config.fleet.enrolment.for_type("tablet").map(Secret::expose), Some("for tablets"));
    assert_eq!(config.lab.cors_origins, ["http://a.example", "http://b.example"]);
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.realtime.ping_interval_ms, 300);
    assert_eq!(config.limits_scale.to_string(), "0");
}

#[test]
fn all_mistakes_are_reported_together_with_their_keys() {
    let file = r#"
        bind = "localhost"
        colour = "blue"
        [fleet]
        port = 70000
        enabled = "yes"
        jwt_secret = "too short"
        [realtime]
        ping_intervall_ms = 5
        max_payload_bytes = -1
        [fleat]
    "#;
    let variables = [
        ("HUBBUB_LOG__LEVEL", "loud"),
        ("HUBBUB_FLEET_PORT", "3200"),
        ("HUBBUB_OPS__PORT", "3000"),
        ("HUBBUB_LAB__ENABLED", "true"),
        ("HUBBUB_LAB__CORS_ORIGINS", "http://a.example,b.example"),
    ];
    let expected = [
        "`bind` must be an IP address, not `localhost`",
        "`log.level` must be one of off, error, warn, info, debug, trace, not `loud` (from HUBBUB_LOG__LEVEL)",
        "`realtime.max_payload_bytes` must be a whole number from 1000 to 268435456, not `-1`",
        "`fleet.enabled` must be true or false, not `yes`",
        "`fleet.port` must be a whole number from 0 to 65535, not `70000`",
        "`fleet.jwt_secret` must be text of at least 16 characters, not what it is",
        "`lab.cors_origins` must be a list of origins such as https://dash.example:8443, or *, not `b.example` \
         (from HUBBUB_LAB__CORS_ORIGINS)",
        "unknown key `colour`",
        "unknown key `fleat`",
        "unknown environment variable `HUBBUB_FLEET_PORT`; did you mean `HUBBUB_FLEET__PORT`?",
        "unknown key `realtime.ping_intervall_ms`; did you mean `realtime.ping_interval_ms`?",
        "`lab.port` and `ops.port` are both 3000",
    ];
    assert_eq!(mistakes(file, &variables), expected);
}

#[test]
fn equal_ports_are_no_mistake_where_only_one_is_served() {
    assert_eq!(config("[ops]\nport = 3000\n", &[]).ops.port, 3000);
    assert_eq!(config("[ops]\nport = 0\n[fleet]\nport = 0\n", &[]).ops.port, 0);
}

#[test]
fn a_bucket_needs_what_its_store_asks_for() {
    let file = r#"
        [blobs]
        kind = "s3"
        bucket = "Not_A_Bucket"
        endpoint = "minio:9000"
        quota_bytes = 5
    "#;
    let expected = [
        "`blobs.bucket` must be the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens, not `Not_A_Bucket`",
        "`blobs.endpoint` must be a URL such as https://hub.example.com, not `minio:9000`",
        "`blobs.region` is needed where `blobs.kind` is s3, unless `blobs.endpoint` names the store",
        "`blobs.access_key_id` is needed where `blobs.kind` is s3",
        "`blobs.secret_access_key` is needed where `blobs.kind` is s3",
        "`blobs.quota_bytes` counts local files alone; a bucket's quota is the store's to keep",
    ];
    assert_eq!(mistakes(file, &[]), expected);

    let file = "[blobs]\nkind = \"s3\"\nendpoint = \"http://127.0.0.1:9000/\"\naccess_key_id = \"me\"\n";
    let blobs = config(file, &[("HUBBUB_BLOBS__SECRET_ACCESS_KEY", "hush")]).blobs;
    let bucket = blobs.bucket_settings();
    assert_eq!((blobs.kind, bucket.bucket.as_str()), (BlobsKind::S3, "turing-robotics-datahub"));
    assert_eq!((bucket.endpoint.as_deref(), bucket.region.as_str()), (Some("http://127.0.0.1:9000"), "us-east-1"));
    assert_eq!((bucket.path_style, bucket.secret_access_key.as_str()), (true, "hush"));
    let amazon = config("[blobs]\nkind = \"s3\"\nregion = \"eu-west-1\"\naccess_key_id = \"a\"\nsecret_access_key = \"b\"", &[]);
    let bucket = amazon.blobs.bucket_settings();
    assert_eq!((bucket.region.as_str(), bucket.path_style), ("eu-west-1", false));
}

#[test]
fn secrets_are_shown_nowhere() {
    let secret = "0123456789abcdef-hush";
    let variables = [
        ("HUBBUB_FLEET__JWT_SECRET", secret),
        ("HUBBUB_FLEET__ADMIN_API_KEY", secret),
        ("HUBBUB_BLOBS__SECRET_ACCESS_KEY", secret),
        ("HUBBUB_BLOBS__URL_SECRET", secret),
    ];
    let loaded = Config::parse(None, environment(&variables)).expect("no mistakes");
    let shown = format!("{:?}\n{:?}\n{}\n{}", loaded.config, loaded.keys, effective(&loaded.keys), keys_table(&loaded.keys));
    assert!(!shown.contains("hush"), "{shown}");
    assert!(shown.contains("# jwt_secret: set, not shown, by default (generated)"), "{shown}");
}

#[test]
fn what_is_printed_can_be_read_again() {
    let variables =
        [("HUBBUB_FLEET__CORS_ORIGINS", "*"), ("HUBBUB_DATA_DIR", "/a \"quoted\" path"), ("HUBBUB_LIMITS__SCALE", "2.5")];
    let loaded = Config::parse(None, environment(&variables)).expect("no mistakes");
    assert_eq!(config(&effective(&loaded.keys), &[]), loaded.config);
}

#[test]
fn the_table_of_keys_has_one_row_per_key() {
    let loaded = Config::parse(None, environment(&[])).expect("no mistakes");
    let table = keys_table(&loaded.keys);
    let row = "| `realtime.ping_interval_ms` | `25000` | 50 to 3600000 | How often the server pings each client. |\n";
    assert!(table.contains(row), "{table}");
    assert_eq!(table.lines().count(), loaded.keys.len() + 2);
}

#[test]
fn what_is_open_to_the_network_is_warned_about() {
    assert_eq!(Config::default().warnings(), Vec::<String>::new());
    let warnings = config("bind = \"0.0.0.0\"", &[]).warnings();
    let starts: Vec<_> = warnings.iter().filter_map(|warning| warning.split(": anyone").next()).collect();
    let [fleet, quiz, address] = &starts[..] else { panic!("three warnings: {warnings:?}") };
    assert_eq!((*fleet, *quiz), ("fleet on 0.0.0.0:3200", "quiz on 0.0.0.0:8080"));
    assert!(address.starts_with("`fleet.public_url` is not set"), "{address}");
    let own_address = "public_url = \"http://hub.example:3200\"";
    let strict = format!("bind = \"0.0.0.0\"\n[fleet]\naccess = \"strict\"\n{own_address}\n[quiz]\naccess = \"strict\"\n");
    assert_eq!(config(&strict, &[]).warnings(), Vec::<String>::new());
    let off = "[fleet]\nenabled = false\n[quiz]\nenabled = false\n";
    let load_test = config(&format!("bind = \"::\"\n{off}[lab]\nenabled = true\n[limits]\nscale = 0\n"), &[]);
    assert_eq!(load_test.warnings().len(), 2, "{:?}", load_test.warnings());
}
