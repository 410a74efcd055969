//! Bounds on what comes from outside: names, queries, files, answers, other processes.

use crate::fake_arm::{ENDLESS, FakeArm};
use crate::home::{Home, binary};
use crate::https::Server;
use serde_json::json;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_name_cannot_change_the_path_of_a_url() {
    let server = Server::start();
    let home = server.login();
    for args in [
        &["replication", "delete", "-r", "contoso", "-g", "contoso-rg", "-n", ".."][..],
        &["replication", "show", "-r", "contoso", "-g", "contoso-rg", "-n", "."],
        &["show", "-n", "contoso", "-g", ".."],
        &["private-endpoint-connection", "show", "-r", "contoso", "-g", "contoso-rg", "-n", ".."],
        // URLs lose tabs and line ends: what is left would name the collection above, or the registry itself.
        &["replication", "delete", "-r", "contoso", "-g", "contoso-rg", "-n", "..\n"],
        &["replication", "delete", "-r", "contoso", "-g", "contoso-rg", "-n", ".\t."],
        &[
            "private-endpoint-connection",
            "delete",
            "-r",
            "contoso",
            "-g",
            "contoso-rg",
            "-n",
            "\r..",
        ],
        &["update", "-n", "contoso", "-g", "..\t", "--tags", "a=b"],
        &["show", "-n", "contoso", "-g", "contoso\t-rg"],
    ] {
        let stderr = home.run(args).fails(1);
        assert!(stderr.contains("cannot be the name of a resource"), "{args:?}: {stderr}");
    }
    let writes = |request: &&serde_json::Value| request["method"] != "GET";
    assert_eq!(server.requests().iter().filter(writes).count(), 0, "nothing was changed");
}

// Windows allows a command line of 32,767 characters.
#[cfg(unix)]
#[test]
fn deep_queries_are_refused_and_long_ones_fit_the_stack() {
    let home = Home::new();
    let query = |text: &str| home.emulated(&["list", "--query", text]);
    for text in ["[".repeat(8_437), "a.".repeat(3_000), "!".repeat(101) + "a", "(".repeat(101)] {
        let stderr = query(&text).fails(2);
        assert!(
            stderr.starts_with("ERROR: argument --query: invalid jmespath_type value"),
            "{stderr}"
        );
    }
    for part in ["a.", "a|", "a||", "a==", "[0]|", "*|"] {
        assert_eq!(query(&format!("{}a", part.repeat(20_000))).code, 0, "{part}");
    }
    assert_eq!(query(&format!("a{}", "[]".repeat(20_000))).code, 0);
}

#[test]
fn queries_that_double_what_they_have_end() {
    let home = Home::new();
    let doubled = |part: &str| format!("{part}{}", format!(" | {part}").repeat(59));
    let lists = doubled("[@,@]");
    let texts = format!("join('',[].name){}", " | join('',[@,@])".repeat(40));
    for (query, expected) in [
        (format!("[{lists}, {lists}] | [[0] == [1]]"), "parts cannot be compared"),
        (format!("[{lists}] | contains(@, `1`)"), ""),
        (texts, "join() makes a text of more than"),
        ("abs(to_number('-170141183460469231731687303715884105728'))".to_owned(), ""),
    ] {
        let run = home.emulated(&["list", "--query", &query, "-o", "none"]);
        assert_eq!(run.code, i32::from(!expected.is_empty()), "{query}: {}", run.stderr);
        assert!(run.stderr.contains(expected), "{query}: {}", run.stderr);
    }
}

#[test]
fn settings_cannot_grow_when_they_are_read() {
    let lines = |line: fn(usize) -> String| (0..4_000).map(line).collect::<Vec<_>>().concat();
    let options = lines(|i| format!("o{i} = x\n"));
    let sections = lines(|i| format!("[s{i}]\n"));
    let references = format!("[a]\nb = {}\n", "x".repeat(1 << 20));
    let references = references + &format!("c = {}\n", "%(b)s".repeat(900));
    for (text, code) in [(format!("[DEFAULT]\n{options}{sections}"), 1), (references, 0)] {
        let home = Home::new();
        home.write(".azure/config", &text);
        assert_eq!(home.emulated(&["list", "-o", "none"]).code, code);
    }
}

#[test]
fn small_answers_do_not_become_large_ones() {
    // Pretty-printed, each number takes a line; empty objects become whole registries.
    let numbers = json!({"error": {"code": "Bad", "message": "no", "additionalInfo": [
        {"type": "t", "info": vec![0; 400_000]}, {"type": "kept", "info": 1}]}});
    let objects = json!({"value": vec![json!({}); 20_000]});
    for (status, body, expected) in [
        (400, numbers, "Type: kept"),
        (200, objects, "a page with more than 10000 items"),
        (
            400,
            json!({"error": vec![Vec::<u8>::new(); 600_000]}),
            "Operation returned an invalid status 'Bad Request'",
        ),
    ] {
        let arm = FakeArm::start(move |_| (status, Vec::new(), body.clone()));
        let stderr = arm.home("token").run(&["list"]).fails(1);
        assert!(stderr.contains(expected) && stderr.len() < 50_000, "{}", stderr.len());
    }
}

#[test]
fn what_comes_back_shows_no_token_and_no_command() {
    let arm = FakeArm::start(|request| {
        let message =
            format!("bad {}\n::set-env name=PATH::/evil\n##vso[task.setvariable]x", request.token);
        (403, Vec::new(), json!({"error": {"code": "Bad", "message": message}}))
    });
    let stderr = arm.home("se.cr.et").run(&["list"]).fails(1);
    assert!(stderr.contains("bad Bearer ***") || stderr.contains("bad ***"), "{stderr}");
    assert!(!stderr.contains("se.cr.et"), "{stderr}");
    assert!(
        !stderr.lines().any(|line| line.starts_with("::")) && !stderr.contains("##"),
        "{stderr}"
    );
}

#[test]
fn a_link_that_repeats_the_token_does_not_show_it() {
    let arm = FakeArm::start(|request| {
        let token = request.token.trim_start_matches("Bearer ");
        let next = if request.path.contains("/page") {
            format!("https://[{token}/x?sig=s1gnature")
        } else {
            format!("/page/{token}?api-version={token}&{token}=1&%24filter=%73e.cr.et")
        };
        (200, Vec::new(), json!({"value": [], "nextLink": next}))
    });
    let stderr = arm.home("se.cr.et").run(&["list", "--debug"]).fails(1);
    assert!(stderr.contains("/page/***?api-version=***"), "{stderr}");
    assert!(!stderr.contains("se.cr.et") && !stderr.contains("s1gnature"), "{stderr}");
}

#[test]
fn names_that_would_change_a_path_are_refused() {
    let home = Home::new();
    let stderr = home.emulated(&["list-clients", "-n", "contoso", "-g", "a/b"]).fails(2);
    assert!(stderr.contains("'a/b' is not a resource group"), "{stderr}");
    let home = home.with("AZURE_DEFAULTS_GROUP", "a/b");
    let stderr = home.emulated(&["list-clients", "-n", "contoso"]).fails(2);
    assert!(stderr.contains("'a/b' is not a resource group"), "{stderr}");
    for tenant in ["..", ".", "a/b"] {
        let home = Home::new().with("AZURE_TENANT_ID", tenant).with("AZURE_CLIENT_ID", "app");
        let stderr = home.with("AZURE_CLIENT_SECRET", "hunter2").run(&["list"]).fails(1);
        let expected =
            format!("AZURE_TENANT_ID is set to '{tenant}', which is not a tenant's id or domain");
        assert!(stderr.contains(&expected), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn pipes_in_place_of_files_do_not_hang() {
    for file in [".azure/config", ".azure/azureProfile.json", ".azure/clouds.config"] {
        let home = Home::new();
        std::fs::create_dir_all(home.path(".azure")).unwrap();
        assert!(Command::new("mkfifo").arg(home.path(file)).status().unwrap().success());
        let stderr = home.run(&["list"]).fails(1);
        assert!(stderr.contains("it is not a regular file"), "{file}: {stderr}");
    }
    let home = FakeArm::start(|_| (500, Vec::new(), json!({}))).home("x");
    let tokens = home.path(".azure/msal_token_cache.json");
    std::fs::remove_file(&tokens).unwrap();
    assert!(Command::new("mkfifo").arg(tokens).status().unwrap().success());
    let stderr = home.run(&["list"]).fails(1);
    assert!(stderr.contains("msal_token_cache.json: it is not a regular file"), "{stderr}");
    // A cache is only a help.
    let home = Home::new();
    std::fs::create_dir_all(home.path(".cache/az-acr")).unwrap();
    let cache = home.path(".cache/az-acr/registries.json");
    assert!(Command::new("mkfifo").arg(cache).status().unwrap().success());
    assert_eq!(home.emulated(&["show", "-n", "contoso", "-o", "none"]).code, 0);
}

#[test]
fn a_damaged_setting_is_not_quoted_whole() {
    let home = Home::new();
    home.write(".azure/config", &"x".repeat(100_000));
    let stderr = home.run(&["list"]).fails(1);
    assert!(stderr.len() < 1_000, "{}", stderr.len());
}

#[test]
fn errors_of_azure_are_quoted_up_to_a_limit() {
    let arm = FakeArm::start(|_| {
        let long = "x".repeat(1 << 20);
        (
            400,
            Vec::new(),
            json!({"error": {"code": "Bad", "message": long, "details": [{"code": "y", "message": long}]}}),
        )
    });
    let stderr = arm.home("token").run(&["list"]).fails(1);
    assert!(stderr.len() < 50_000, "{}", stderr.len());
}

#[test]
fn answers_are_read_up_to_a_limit_and_links_are_followed_once() {
    let arm = FakeArm::start(|request| {
        if request.path.contains("next") {
            let link = "/subscriptions/x/providers/Microsoft.ContainerRegistry/registries?next=1";
            return (200, Vec::new(), json!({"value": [], "nextLink": link}));
        }
        (
            200,
            Vec::new(),
            json!({"value": [], "nextLink": "/subscriptions/x/providers/Microsoft.ContainerRegistry/registries?next=1"}),
        )
    });
    let stderr = arm.home("token").run(&["list"]).fails(1);
    assert!(stderr.contains("it repeats the link to a page"), "{stderr}");
    assert_eq!(arm.count("GET"), 2);
    let arm = FakeArm::start(|_| (200, Vec::new(), json!({"value": ["x".repeat(65 << 20)]})));
    let stderr = arm.home("token").run(&["list"]).fails(1);
    assert!(stderr.contains("the answer is larger than 64 MiB"), "{stderr}");
}

#[test]
fn links_that_differ_in_what_is_not_sent_are_the_same() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let arm = FakeArm::start(move |_| {
        let number = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let link = format!("/subscriptions/x/providers/next?a=1#{number}");
        (200, Vec::new(), json!({"value": [], "nextLink": link}))
    });
    let stderr = arm.home("token").run(&["list"]).fails(1);
    assert!(stderr.contains("it repeats the link to a page"), "{stderr}");
    assert_eq!(arm.count("GET"), 2);
}

#[test]
fn a_change_that_may_have_been_made_is_told() {
    let arm = FakeArm::start(|request| match request.method.as_str() {
        "PATCH" => (200, Vec::new(), json!("not a registry")),
        _ => (
            200,
            Vec::new(),
            json!({"name": "contoso", "sku": {"name": "Premium"}, "properties": {}}),
        ),
    });
    let update = ["update", "-n", "contoso", "-g", "rg", "--tags", "a=b"];
    let stderr = arm.home("token").run(&update).fails(1);
    assert!(stderr.contains("Check before you repeat it"), "{stderr}");
    assert_eq!(arm.count("PATCH"), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_without_end_does_not_fill_the_memory() {
    let endless = || vec![("content-length", ENDLESS.to_owned())];
    let arm = FakeArm::start(move |_| (200, endless(), json!({"value": []})));
    // A token service sends one as well.
    let home = arm.home("token").with("ACTIONS_ID_TOKEN_REQUEST_URL", arm.url());
    let home = home.with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "x").with("AZURE_TENANT_ID", "x");
    let github = home.with("AZURE_CLIENT_ID", "x");
    for (home, credential) in [(arm.home("token"), "dev"), (github, "GitHubActionsCredential")] {
        let home = home.with("AZURE_TOKEN_CREDENTIALS", credential);
        let limited = "ulimit -v 1000000; exec \"$0\" list";
        let run = home.command_of("sh").arg("-c").arg(limited).arg(binary()).output().unwrap();
        let stderr = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("the answer is larger than 64 MiB"), "{credential}: {stderr}");
    }
}

#[cfg(unix)]
#[test]
fn who_stops_a_change_that_was_sent_learns_that_it_may_be_made() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::sync::{Mutex, mpsc};
    for signal in [Signal::INT, Signal::TERM] {
        let (sent, arrived) = mpsc::channel();
        let (done, wait) = mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let arm = FakeArm::start(move |request| {
            if request.method == "PATCH" {
                sent.send(()).unwrap();
                let _ = wait.lock().unwrap().recv();
            }
            (200, Vec::new(), json!({"name": "contoso", "properties": {}}))
        });
        let home = arm.home("token");
        let args = ["update", "-n", "contoso", "-g", "rg", "--tags", "a=b"];
        let child = home.command_of(binary()).args(args).stderr(Stdio::piped()).spawn().unwrap();
        arrived.recv_timeout(Duration::from_secs(60)).unwrap();
        kill_process(Pid::from_child(&child), signal).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("Azure may have received the request"), "{stderr}");
        drop(done);
    }
}

#[cfg(unix)]
#[test]
fn after_a_change_signals_end_the_program_as_usual() {
    use rustix::process::{Pid, Signal, kill_process};
    use std::sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    };
    let (sent, arrived) = mpsc::channel();
    let (done, wait) = mpsc::channel::<()>();
    let (wait, changed) = (Mutex::new(wait), AtomicBool::new(false));
    let arm = FakeArm::start(move |request| {
        if request.method == "PATCH" {
            changed.store(true, Ordering::Relaxed);
        } else if changed.load(Ordering::Relaxed) {
            // The rules are read back.
            sent.send(()).unwrap();
            let _ = wait.lock().unwrap().recv();
        }
        let rules = json!([{"action": "Allow", "value": "203.0.113.7"}]);
        let properties = json!({"networkRuleSet": {"defaultAction": "Deny", "ipRules": rules}});
        let sku = json!({"name": "Premium"});
        (200, Vec::new(), json!({"name": "contoso", "sku": sku, "properties": properties}))
    });
    let home = arm.home("token");
    let args = ["network-rule", "add", "-n", "contoso", "-g", "rg", "--ip-address", "203.0.113.7"];
    let mut child = home.command_of(binary()).args(args).spawn().unwrap();
    arrived.recv_timeout(Duration::from_secs(60)).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    drop(done);
}

#[test]
fn a_gateway_that_gives_up_leaves_a_change_uncertain() {
    let arm = FakeArm::start(|request| match request.method.as_str() {
        "PATCH" => {
            (408, Vec::new(), json!({"error": {"code": "RequestTimeout", "message": "late"}}))
        }
        _ => (200, Vec::new(), json!({"name": "contoso", "properties": {}})),
    });
    let update = ["update", "-n", "contoso", "-g", "rg", "--tags", "a=b"];
    let stderr = arm.home("token").run(&update).fails(1);
    assert!(stderr.contains("Check before you repeat it"), "{stderr}");
}

#[test]
fn a_version_that_the_service_lists_is_not_asked_for_again() {
    let refusal = "No registered resource provider found for location 'mars'. The supported api-versions are \
                   '2023-07-01, 2026-09-01-preview'.";
    let arm = FakeArm::start(move |_| {
        let error = json!({"error": {"code": "NoRegisteredProviderFound", "message": refusal}});
        (400, Vec::new(), error)
    });
    let stderr =
        arm.home("token").run(&["show", "-n", "contoso", "-g", "rg", "--verbose"]).fails(1);
    assert!(!stderr.contains("does not know"), "{stderr}");
    assert_eq!(arm.count("GET"), 1);
}

#[test]
fn an_id_keeps_all_its_segments_or_is_refused() {
    let arm = FakeArm::start(|_| (200, Vec::new(), json!({"tables": []})));
    for id in [
        "/subscriptions/x/resourceGroups//providers/Microsoft.Network/azureFirewalls/h",
        "/subscriptions/x/resourceGroups/rg/providers/Microsoft.Network/azureFirewalls/",
    ] {
        let run = arm.home("token").run(&["firewall-log", "-n", "contoso", "--azure-firewall", id]);
        assert_ne!(run.code, 0, "{}", run.stdout);
        assert_eq!(arm.count("POST"), 0, "{}", run.stderr);
    }
}

#[test]
fn help_that_cannot_be_written_is_a_failure() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    for args in [&["--help"][..], &["list", "-h"], &["--version"]] {
        let mut command = std::process::Command::new(binary());
        let output = command.args(args).stdout(full.try_clone().unwrap()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write"), "{args:?}");
    }
}

#[cfg(unix)]
#[test]
fn output_that_was_closed_before_the_start_is_a_failure() {
    let home = Home::new();
    let run = |args: &str, stdout: &str| {
        // Without a limit, an emulator that starts would run for ever.
        let script = format!("exec timeout 60 '{}' {args} {stdout}", binary().display());
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &script]).env("HOME", home.path("")).current_dir(home.path(""));
        let output = shell.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for args in [
        "--help",
        "version",
        "show-endpoints -n contoso --cloud emulator",
        "list-endpoints --cloud emulator -o tsv",
        "firewall-rules -n contoso --cloud emulator",
        "emulator start --port 0 --cert-dir .",
    ] {
        let (code, stderr) = run(args, ">&-");
        assert_eq!(code, Some(1), "{args}: {stderr}");
        assert!(
            stderr.contains("cannot write to standard output: it is not open"),
            "{args}: {stderr}"
        );
    }
    // Nothing is written.
    assert_eq!(run("show-endpoints -n contoso --cloud emulator -o none", ">&-").0, Some(0));
    assert_eq!(run("version", ">/dev/null").0, Some(0));
    assert_eq!(run("version", "1</dev/null").0, Some(1));
    // Programs that this one starts cannot write either.
    let with_access = "--cloud emulator with-access -n contoso -- sh -c 'echo hi || exit 7'";
    assert_eq!(run(with_access, ">&-").0, Some(7));
}

#[test]
fn wildcards_in_a_file_are_the_clouds_own_or_refused() {
    let home = Home::new();
    let file = |endpoint: &str| {
        home.write(
            "endpoints.json",
            &json!({"loginServer": "contoso.azurecr.io", "dataEndpoints": [{"region": "eastus", "endpoint": endpoint}]})
                .to_string(),
        );
        home.run(&["firewall-rules", "--endpoints", "endpoints.json"])
    };
    assert_eq!(file("*.blob.core.windows.net").code, 0);
    for wildcard in ["*.example.com", "*.windows.net", "*.azurecr.io"] {
        let stderr = file(wildcard).fails(1);
        assert!(
            stderr.contains(&format!("'{wildcard}' is not a host of contoso.azurecr.io")),
            "{stderr}"
        );
    }
}

#[test]
fn a_second_emulator_does_not_replace_the_certificate_of_the_first() {
    let server = Server::start();
    let before = std::fs::read(server.home.path("ca.pem")).unwrap();
    let second = Command::new(binary())
        .args(["emulator", "start", "--cert-dir", "."])
        .env_clear()
        .env("HOME", server.home.path(""))
        .current_dir(server.home.path(""))
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let stderr = String::from_utf8(second.stderr).unwrap();
    assert!(stderr.contains("another emulator that is running uses"), "{stderr}");
    assert_eq!(std::fs::read(server.home.path("ca.pem")).unwrap(), before);
}

#[test]
fn a_damaged_state_of_the_emulator_is_no_question_of_login() {
    let home = Home::new();
    home.write(".local/state/az-acr/emulator.json", "{");
    let stderr = home.emulated(&["list"]).fails(1);
    assert!(stderr.contains("emulator reset") && !stderr.contains("az login"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn the_state_is_private_and_not_written_through_links() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let home = Home::new();
    let state = home.path(".local/state/az-acr");
    std::fs::create_dir_all(&state).unwrap();
    home.write("victim", "untouched");
    for name in ["emulator.json.lock", "emulator.json.new"] {
        symlink(home.path("victim"), state.join(name)).unwrap();
    }
    let change = ["update", "-n", "contoso", "--tags", "a=b", "-o", "none"];
    let stderr = home.emulated(&change).fails(1);
    assert!(stderr.contains("cannot lock"), "{stderr}");
    std::fs::remove_file(state.join("emulator.json.lock")).unwrap();
    assert_eq!(home.emulated(&change).code, 0);
    assert_eq!(std::fs::read_to_string(home.path("victim")).unwrap(), "untouched");
    let mode = std::fs::metadata(state.join("emulator.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn ten_rules_at_once_are_all_kept() {
    let home = Home::new();
    let mut children: Vec<_> = (0..10)
        .map(|number| {
            Command::new(binary())
                .args([
                    "--cloud",
                    "emulator",
                    "network-rule",
                    "add",
                    "-n",
                    "contoso",
                    "-g",
                    "contoso-rg",
                    "-o",
                    "none",
                ])
                .args(["--ip-address", &format!("203.0.113.{number}")])
                .env_clear()
                .env("HOME", home.path(""))
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let query = ["network-rule", "list", "-n", "contoso", "--query", "length(ipRules)"];
    let kept: usize = home.emulated(&query).quiet().trim().parse().unwrap();
    assert_eq!(kept, 10);
}

#[test]
fn what_a_registry_says_cannot_move_the_cursor() {
    let home = Home::new();
    home.emulated(&["update", "-n", "contoso", "--tags", "evil=\u{1b}[2Jgone", "-o", "none"]);
    let args =
        ["--cloud", "emulator", "list", "--query", "[?name=='contoso'].tags.evil", "-o", "tsv"];
    // In a pipe, the bytes of az.
    assert_eq!(home.run(&args).quiet(), "\u{1b}[2Jgone\n");
    let line = format!("{} {}", binary().display(), args.map(|arg| format!("\"{arg}\"")).join(" "));
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env_clear()
        .env("HOME", home.path(""))
        .env("PATH", "/usr/bin:/bin")
        .output();
    // Without script(1) there is no terminal to look at.
    let Ok(output) = output else { return };
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("\\x1b[2Jgone"), "{shown:?}");
    assert!(!shown.contains("\u{1b}[2J"), "{shown:?}");
}

#[cfg(unix)]
#[test]
fn a_lock_of_another_process_has_a_deadline() {
    let home = Home::new();
    let state = home.path(".local/state/az-acr");
    std::fs::create_dir_all(&state).unwrap();
    let lock = std::fs::File::create(state.join("emulator.json.lock")).unwrap();
    lock.lock().unwrap();
    let started = std::time::Instant::now();
    let stderr = home.emulated(&["update", "-n", "contoso", "--tags", "a=b"]).fails(1);
    assert!(stderr.contains("cannot lock") && stderr.contains("another process holds"), "{stderr}");
    assert!(started.elapsed() >= Duration::from_secs(9));
}

#[test]
fn a_cloud_that_lags_behind_is_asked_with_the_newest_version_it_knows() {
    for (status, code, message) in [
        (
            400,
            "NoRegisteredProviderFound",
            "No registered resource provider found for location 'x' and API version 'y'. The supported api-versions are \
             '2023-07-01, 2024-11-01-preview, 2025-04-01'. The supported locations are 'x'.",
        ),
        (
            404,
            "InvalidResourceType",
            "The resource type 'registries' could not be found in the namespace 'Microsoft.ContainerRegistry' for api \
             version 'y'. The supported api-versions are '2023-07-01,2024-11-01-preview,2025-04-01'.",
        ),
        (
            400,
            "InvalidApiVersionParameter",
            "The api-version 'y' is invalid. The supported versions are '2025-04-01,2024-11-01-preview,2023-07-01'.",
        ),
    ] {
        let arm = FakeArm::start(move |request| {
            if !request.path.contains("api-version=2025-04-01") {
                let error = json!({"error": {"code": code, "message": message}});
                return (status, Vec::new(), error);
            }
            (200, Vec::new(), json!({"value": []}))
        });
        let run = arm.home("token").run(&["list", "--verbose"]);
        assert_eq!((run.code, run.stdout.as_str()), (0, "[]\n"), "{}", run.stderr);
        let notice = "does not know api-version 2026-09-01-preview; using 2025-04-01";
        assert!(run.stderr.contains(notice), "{}", run.stderr);
        assert_eq!(arm.count("GET"), 2);
    }
}

#[test]
fn what_an_older_version_does_not_have_is_not_reported_as_changed() {
    let arm = FakeArm::start(|request| {
        if !request.path.contains("api-version=2025-04-01") {
            let message = "The supported api-versions are '2023-07-01, 2025-04-01'.";
            let error = json!({"error": {"code": "NoRegisteredProviderFound", "message": message}});
            return (400, Vec::new(), error);
        }
        let properties = json!({"provisioningState": "Succeeded", "dataEndpointEnabled": true});
        (
            200,
            Vec::new(),
            json!({"name": "contoso", "sku": {"name": "Premium"}, "properties": properties}),
        )
    });
    let update = |flag: &str, value: &str| {
        arm.home("token").run(&["update", "-n", "contoso", "-g", "rg", flag, value, "-o", "none"])
    };
    assert_eq!(update("--data-endpoint-enabled", "true").code, 0);
    let stderr = update("--regional-endpoints", "enabled").fails(1);
    assert!(stderr.contains("its answer lacks regionalEndpoints: it may have ignored"), "{stderr}");
}

#[test]
fn rules_that_are_nested_too_deep_are_refused_or_unjudged() {
    let home = Home::new();
    let deep = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(50_000), close.repeat(50_000))
    };
    let group = "resource \"azurerm_firewall_policy_rule_collection_group\" \"x\"";
    for (name, text) in [
        ("list.tf", format!("{group} {{\n a = {}\n}}\n", deep("[", "\"contoso.azurecr.io\"", "]"))),
        ("parens.tf", format!("{group} {{\n a = {}\n}}\n", deep("(", "1", ")"))),
        ("blocks.tf", deep("a {\n", "", "}\n") + "contoso.azurecr.io"),
        (
            "flow.yaml",
            format!(
                "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nspec: {}\n",
                deep("[", "", "]")
            ),
        ),
        ("rules.json", format!("{{\"ruleCollections\": {}}}", deep("[", "", "]"))),
        (
            "regex.conf",
            format!("acl r dstdom_regex {}\nhttp_access allow r\n", deep("(", "a", ")")),
        ),
    ] {
        home.write(name, &text);
        let run =
            home.emulated(&["firewall-rules", "-n", "contoso", "--check", name, "-o", "none"]);
        assert_eq!(run.code, 1, "{name}: {}", &run.stderr[..run.stderr.len().min(500)]);
        assert!(run.stderr.len() < 10_000, "{name}: {}", run.stderr.len());
    }
}

#[test]
fn groups_of_groups_and_files_that_include_themselves_end() {
    let home = Home::new();
    // Each level has ten times the one below.
    let levels = |line: fn(usize) -> String| (1..15).map(line).collect::<Vec<_>>().concat();
    let acls = levels(|level| format!("acl g{level} any-of g{}\n", level - 1).repeat(10));
    let squid =
        format!("acl g0 dstdomain a.io\n{acls}http_access allow g14\nhttp_access deny all\n");
    let groups = levels(|level| {
        let members = format!(" g{}", level - 1).repeat(10);
        format!("edit g{level}\nset member{members}\nnext\n")
    });
    let fortigate = format!(
        "config firewall address\nedit g0\nset type fqdn\nset fqdn a.io\nnext\nend\n\
         config firewall addrgrp\n{groups}end\n\
         config firewall policy\nedit 1\nset srcintf lan\nset dstintf wan\nset srcaddr all\nset dstaddr g14\n\
         set service HTTPS\nset schedule always\nset action accept\nnext\nend\n"
    );
    let itself = "include again.conf\n".repeat(12) + "http_access deny all\n";
    let wild = "include */*/*.conf\nhttp_access deny all\n".to_owned();
    for (name, text, from, why) in [
        ("squid.conf", squid, "squid", "groups have too many members"),
        // Each group is looked at once.
        ("fortigate.conf", fortigate, "fortigate", "2 missing"),
        ("again.conf", itself, "squid", "files are nested too deeply"),
        (
            "wild.conf",
            wild,
            "squid",
            "*/*/*.conf is not followed: it has ** or wildcards in more than 2",
        ),
    ] {
        home.write(name, &text);
        let check = ["firewall-rules", "-n", "contoso", "--check", name, "--from", from];
        let run = home.emulated(&check);
        assert_eq!(run.code, 1, "{name}: {}", run.stderr);
        assert!(run.stderr.contains(why), "{name}: {}", run.stderr);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(report["ok"], serde_json::json!([]), "{name}");
    }
}

#[test]
fn rules_that_grow_when_they_are_read_end() {
    let home = Home::new();
    // A star stands for any number of labels: forty of them in a hundred labels have 10^28 ways.
    let stars = format!("{}b/\n{}/\n", "*.".repeat(40), ["a"; 100].join("."));
    // Each group holds the one before it, and each has a policy of its own.
    let groups: Vec<String> = (1..800)
        .map(|level| format!("edit g{level}\nset member g{} a{level}\nnext\n", level - 1))
        .collect();
    let addresses: Vec<String> = (0..800)
        .map(|level| format!("edit a{level}\nset type fqdn\nset fqdn a{level}.io\nnext\n"))
        .collect();
    let policies: Vec<String> = (1..800)
        .map(|level| {
            format!("edit {level}\nset srcintf a\nset dstintf b\nset srcaddr all\nset dstaddr g{level}\nset service HTTPS\nset schedule always\nset action accept\nnext\n")
        })
        .collect();
    let fortigate = format!(
        "config firewall address\n{}end\nconfig firewall addrgrp\nedit g0\nset member a0\nnext\n{}end\nconfig firewall policy\n{}end\n",
        addresses.concat(),
        groups.concat(),
        policies.concat()
    );
    for (name, text, from, message) in [
        ("stars.txt", stars, "paloalto", "missing"),
        ("groups.conf", fortigate, "fortigate", "groups have too many members"),
    ] {
        home.write(name, &text);
        let check =
            ["firewall-rules", "-n", "contoso", "--planned", "--check", name, "--from", from];
        let run = home.emulated(&check);
        assert_eq!(run.code, 1, "{name}: {}", run.stderr);
        assert!(run.stderr.contains(message), "{name}: {}", run.stderr);
    }
}

#[test]
fn patterns_of_includes_do_not_stand_for_hidden_files() {
    let home = Home::new();
    std::fs::create_dir(home.path("conf.d")).unwrap();
    home.write("conf.d/.acr.conf", "http_access allow all\n");
    home.write("squid.conf", "include conf.d/*\nhttp_access deny all\n");
    let run =
        home.emulated(&["firewall-rules", "-n", "contoso", "--planned", "--check", "squid.conf"]);
    assert!(run.stderr.contains("the included file conf.d/* is not here"), "{}", run.stderr);
}

#[test]
fn what_a_token_service_says_is_shown_and_checked() {
    let ask = |status: u16, body: serde_json::Value| {
        let arm = FakeArm::start(move |_| (status, Vec::new(), body.clone()));
        let tenant = "72f988bf-0000-4000-8000-00000000e0e0";
        let home = arm
            .home("token")
            .with("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
            .with("AZURE_TENANT_ID", tenant)
            .with("AZURE_CLIENT_ID", tenant)
            .with("AZURE_CLIENT_SECRET", "hunter2\"/=");
        home.run(&["list"]).fails(1)
    };
    let stderr = ask(
        200,
        json!({"token_type": "Bearer", "access_token": "x", "expires_in": 300_000_000_000_u64}),
    );
    assert!(stderr.contains("the token claims to live 300000000000 seconds"), "{stderr}");
    let stderr = ask(
        401,
        json!({"error": "invalid_client", "error_description": "AADSTS7000215: the \"secret\" is \u{1b} wrong: hunter2\"/=, hunter2%22%2F%3D."}),
    );
    assert!(stderr.contains("AADSTS7000215: the \"secret\" is"), "{stderr}");
    assert!(stderr.contains("wrong: ***, ***."), "{stderr}");
    let stderr = ask(302, json!({}));
    assert!(stderr.contains("it redirects (HTTP 302), which token services never do"), "{stderr}");
}

#[test]
fn no_command_asks_more_often_than_it_must() {
    let server = Server::start();
    let home = server.login();
    let mut before = 0;
    let connection = ["-r", "northwind", "-n", "northwind.5f6b7c8d"];
    for (requests, args) in [
        // The registry is searched for, then read; without data endpoints, its replications tell the regions.
        (3, &["show-endpoints", "-n", "contoso"][..]),
        // From then on it is known where it is.
        (2, &["show-endpoints", "-n", "contoso"]),
        (2, &["show-endpoints", "-n", "contoso", "-g", "contoso-rg"]),
        (2, &["show-endpoints", "-n", "fabrikam"]),
        (1, &["show-endpoints", "-n", "fabrikam"]),
        (1, &["show", "-n", "contoso"]),
        (1, &["list"]),
        (2, &["firewall-rules", "-n", "contoso", "--planned"]),
        // The SKU is checked first, as in az.
        (2, &["replication", "list", "-r", "contoso", "-g", "contoso-rg"]),
        (4, &["list-clients", "-n", "contoso"]),
        (1, &["list-endpoints"]),
        // A page, what was covered, and the subscriptions.
        (3, &["list-endpoints", "--all-subscriptions"]),
        (2, &["replication", "show", "-r", "contoso", "-n", "westus"]),
        (1, &["network-rule", "list", "-n", "contoso"]),
        (2, &["private-endpoint-connection", "list", "-r", "northwind"]),
        // What az reads first, and the change.
        (2, &["update", "-n", "contoso", "--tags", "a=b"]),
        (2, &["update", "-n", "contoso", "--data-endpoint-enabled", "true"]),
        (2, &["replication", "update", "-r", "contoso", "-n", "westus", "--tags", "a=b"]),
        // Read, created or deleted, polled three times, and what was created is read.
        (6, &["replication", "create", "-r", "contoso", "-l", "japaneast"]),
        (5, &["replication", "delete", "-r", "contoso", "-n", "japaneast"]),
        // Read, replaced, and read back.
        (3, &["network-rule", "add", "-n", "contoso", "--ip-address", "203.0.113.7"]),
        (3, &[&["private-endpoint-connection", "approve"][..], &connection].concat()),
        (3, &["network-rule", "remove", "-n", "contoso", "--ip-address", "203.0.113.7"]),
        (2, &[&["private-endpoint-connection", "show"][..], &connection].concat()),
        (3, &[&["private-endpoint-connection", "reject"][..], &connection].concat()),
        (2, &[&["private-endpoint-connection", "delete"][..], &connection].concat()),
        // The firewall is found with Resource Graph, and its connections and names are two queries.
        (3, &["firewall-log", "--azure-firewall", "hub-firewall"]),
    ] {
        let run = home.run(args);
        assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
        let all = server.requests().len();
        assert_eq!(all - before, requests, "{args:?}");
        before = all;
    }
    // These ask the registry itself as well, which is not there: only the requests to ARM count.
    let home = home.with("HTTPS_PROXY", "http://127.0.0.1:9").with("NO_PROXY", "localhost");
    for (requests, args) in [
        (1, &["check-endpoints", "-n", "contoso", "--proxy", "http://127.0.0.1:9"][..]),
        (1, &["with-access", "-n", "contoso", "-g", "contoso-rg", "--", "true"]),
    ] {
        assert_eq!(home.run(args).code, 1, "{args:?}");
        let all = server.requests().len();
        assert_eq!(all - before, requests, "{args:?}");
        before = all;
    }
}
