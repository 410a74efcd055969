"""Compares az-acr with curl and with the least program (tests/bench/floor) for the same request to the same server.

Usage: python3 tests/bench/run.py [target/release/az-acr] [rounds]      builds tests/bench/floor where it is missing

Each round starts every program once, in turn; what is not compared with curl has rounds of its own, since what curl leaves
in the caches weighs more than a start does. The wall time is from start to reap; the ratio is the median of the ratios of all
rounds. Needs curl, GNU time and the system's bundle of root certificates. Prints a table, and fails if a goal is missed.
"""

import json
import os
import pathlib
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time

BINARY = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/az-acr")
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 60
BUNDLE = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
TENANT, SUBSCRIPTION = "72f988bf-0000-4000-8000-00000000e0e0", "00000000-0000-4000-8000-0000000000ac"


def floor_program():
    """The least program, built if needed."""
    directory = pathlib.Path(__file__).parent / "floor"
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=directory, check=True)
    return str(directory / "target/release/floor")


def once(argv, env):
    """Wall time in ms."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    start = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, env, file_actions=quiet)
    _, status = os.waitpid(child, 0)
    wall = (time.perf_counter() - start) * 1000
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"failed: {shlex.join(argv)}")
    return wall


def resident(argv, env):
    """The largest resident set in MiB. GNU time starts the program from its own small process; otherwise the memory of
    this Python process would count."""
    ran = subprocess.run(["/usr/bin/time", "-f", "%M", *argv], env=env, capture_output=True, text=True, check=True)
    return int(ran.stderr.splitlines()[-1]) / 1024


def measure(programs):
    """The wall times of all rounds and the memory, by program."""
    walls = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, (argv, env) in programs.items():
            walls[name].append(once(argv, env))
    return walls, {name: resident(argv, env) for name, (argv, env) in programs.items()}


def ratio(walls, one, other):
    return statistics.median(a / b for a, b in zip(walls[one], walls[other]))


def login(directory, url):
    """What `az login` leaves behind: a cloud, a subscription, a token."""
    token = subprocess.run(
        ["curl", "-s", "--cacert", directory / "ca.pem", f"{url}/{TENANT}/oauth2/v2.0/token", "-d",
         "grant_type=client_credentials&client_id=bench&client_secret=emulator&scope=x"],
        check=True, capture_output=True).stdout
    secret = json.loads(token)["access_token"]
    azure = directory / "azure"
    azure.mkdir()
    (azure / "config").write_text("[cloud]\nname = bench\n")
    (azure / "clouds.config").write_text(
        f"[bench]\nendpoint_resource_manager = {url}\nendpoint_active_directory = {url}\n"
        f"endpoint_active_directory_resource_id = {url}\nsuffix_acr_login_server_endpoint = .azurecr.io\n"
        "suffix_storage_endpoint = core.windows.net\n")
    (azure / "azureProfile.json").write_text("\ufeff" + json.dumps({"subscriptions": [{
        "id": SUBSCRIPTION, "name": "Emulator", "isDefault": True, "tenantId": TENANT, "environmentName": "bench",
        "user": {"name": "bench", "type": "servicePrincipal"}}]}))
    (azure / "msal_token_cache.json").write_text(json.dumps({"AccessToken": {"bench": {
        "secret": secret, "environment": "localhost", "client_id": "bench", "realm": TENANT, "token_type": "Bearer",
        "home_account_id": None, "target": f"{url}/.default", "expires_on": str(int(time.time()) + 3600)}}}))
    return secret


def main():
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        env = {"HOME": temporary, "PATH": os.environ["PATH"], "AZURE_CONFIG_DIR": f"{temporary}/azure",
               "AZ_ACR_EMULATOR_STATE": f"{temporary}/state.json"}
        server = subprocess.Popen([BINARY, "emulator", "start", "--cert-dir", temporary], env=env,
                                  stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().split()[5].rstrip(".")
            secret = login(directory, url)
            # Without data endpoints, az-acr has to ask for the replicas as well.
            subprocess.run([BINARY, "update", "-n", "contoso", "-g", "contoso-rg", "--data-endpoint-enabled", "-o", "none"],
                           env={**env, "REQUESTS_CA_BUNDLE": str(directory / "ca.pem")}, check=True)
            report(directory, env, url, secret)
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(10)


def report(directory, env, url, secret):
    least = [floor_program(), url, SUBSCRIPTION, str(directory / "ca.pem")]
    one, full = directory / "ca.pem", directory / "full.pem"
    full.write_text(BUNDLE.read_text() + one.read_text())
    curl = subprocess.run(["which", "curl"], check=True, capture_output=True, text=True).stdout.strip()
    path = (f"/subscriptions/{SUBSCRIPTION}/resourceGroups/contoso-rg/providers/Microsoft.ContainerRegistry/registries/"
            "contoso?api-version=2026-09-01-preview")
    ask = [curl, "-s", "-f", "-H", f"Authorization: Bearer {secret}", url + path]
    show = [BINARY, "show-endpoints", "-n", "contoso", "-g", "contoso-rg"]
    walls, memory = measure({
        "least program": (least, env),
        "az-acr, one CA": (show, {**env, "REQUESTS_CA_BUNDLE": str(one)}),
        "curl, one CA": ([*ask, "--cacert", str(one)], env),
        "az-acr, full bundle": (show, {**env, "REQUESTS_CA_BUNDLE": str(full)}),
        "curl, full bundle": ([*ask, "--cacert", str(full)], env),
    })
    by_name = [BINARY, "show-endpoints", "-n", "contoso"]
    off = [BINARY, "show-endpoints", "-n", "wingtip", "-g", "fabrikam-rg"]
    one_ca = {**env, "REQUESTS_CA_BUNDLE": str(one)}
    more_walls, more_memory = measure({
        "by name, group remembered": (by_name, one_ca),
        "by name, group unknown": (by_name, {**one_ca, "XDG_STATE_HOME": "/dev/null"}),
        "data endpoints off": (off, one_ca),
        "az-acr --help": ([BINARY, "--help"], env),
        "true (process floor)": (["/bin/true"], env),
    })
    walls.update(more_walls)
    memory.update(more_memory)
    print(f"{'':28}{'median ms':>10}{'MiB':>8}   ({ROUNDS} rounds)")
    for name, times in walls.items():
        print(f"{name:28}{statistics.median(times):10.2f}{memory[name]:8.1f}")
    floor = statistics.median(walls["true (process floor)"])
    goals = [
        ("wall time of the least program", ratio(walls, "az-acr, one CA", "least program"), 1.25),
        ("wall time of curl, one CA", ratio(walls, "az-acr, one CA", "curl, one CA"), 0.45),
        ("wall time of curl, full bundle", ratio(walls, "az-acr, full bundle", "curl, full bundle"), 0.2),
        ("memory, one CA, MiB", memory["az-acr, one CA"], 6),
        ("memory, full bundle, MiB", memory["az-acr, full bundle"], 8),
        ("binary, MB", os.path.getsize(BINARY) / 1e6, 6),
        ("--help above the process floor, ms", statistics.median(walls["az-acr --help"]) - floor, 0.6),
    ]
    print()
    for name, value, goal in goals:
        print(f"{name:40}{value:8.3f}   goal {goal}   {'met' if value <= goal else 'MISSED'}")
    sys.exit(any(value > goal for _, value, goal in goals))


if __name__ == "__main__":
    main()
