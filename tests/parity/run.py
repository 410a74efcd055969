"""Runs each case with `az acr` and `az-acr` on identical worlds, and compares the results.

A case is a line in cases/*.txt:  [NAME=VALUE …] [config:section.option=value …] [world:NAME] arguments [;; arguments …]
Commands that are joined by `;;` share a world. The comparison covers stdout (byte for byte), the exit code, the lines
of stderr that begin with `ERROR:` or `WARNING:`, and the requests that change something. All bodies, of requests and of
the emulator's responses, also go through the models of the Python SDK (models.py).

differences.txt holds cases that differ on purpose, with the reason. They must continue to differ.
"""

import json
import multiprocessing
import os
import pathlib
import queue
import re
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
# Runs az-acr as the shim: a link named az, ahead of the real one in PATH.
SHIM = "--shim" in sys.argv
WORKERS = 2
# Warnings of az-acr that az does not have: docs/parity.md.
OWN = ["Layers now come from dedicated data endpoints"]
# Times of changes that the case itself made. Times of the first world are compared.
CHANGED_NOW = re.compile(rb"(?!2026-09-10T06:47:33)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")
PRELOADED = ["azure.cli.core", "azure.cli.core.commands", "azure.cli.core.profiles", "azure.cli.core.auth.msal_credentials",
             "azure.cli.command_modules.acr.commands", "azure.cli.command_modules.acr._params",
             "azure.cli.command_modules.acr.custom", "azure.mgmt.containerregistry", "azure.mgmt.resource.resources",
             "msal", "requests", "yaml", "tabulate", "jmespath"]


def twins(state):
    """A second registry with an existing name."""
    state["registries"].append({**state["registries"][0], "resourceGroup": "fabrikam-rg"})


def elsewhere(state):
    """A second subscription, with its own resource group and registry."""
    other = "00000000-0000-4000-8000-00000000e15e"
    state["subscriptions"].append({"id": other, "name": "Elsewhere"})
    state["resourceGroups"].append({"subscription": other, "name": "elsewhere-rg", "readOnly": False})
    state["registries"].append({**state["registries"][0], "subscription": other, "resourceGroup": "elsewhere-rg",
                                "name": "elsewhere"})


WORLDS = {"twins": twins, "elsewhere": elsewhere}


class Case:
    """A line of a case file."""

    def __init__(self, file, number, line):
        self.where = f"{file.name}:{number}"
        self.line = line
        self.env, self.config, self.commands, self.world = {}, [], [[]], None
        words = shlex.split(line)
        while words and not self.commands[0]:
            variable = re.fullmatch(r"([A-Z_]+)=(.*)", words[0], re.S)
            setting = re.fullmatch(r"config:(\w+)\.(\w+)=(.*)", words[0], re.S)
            if words[0].startswith("world:"):
                self.world = WORLDS[words[0].removeprefix("world:")]
            elif variable:
                self.env[variable[1]] = variable[2]
            elif setting:
                self.config.append(setting.groups())
            else:
                break
            words.pop(0)
        for word in words:
            if word == ";;":
                self.commands.append([])
            else:
                self.commands[-1].append(word)


class World:
    """An emulator with a login, in its own directory. Each run begins with the first world."""

    def __init__(self, binary, directory):
        self.binary, self.directory, self.problems = binary, directory, []
        self.azure, self.template = directory / "azure", directory / "azure-template"
        self.log, self.state = directory / "requests.jsonl", directory / "state.json"
        environment = {**self.base_env(), "AZ_ACR_EMULATOR_STATE": str(self.state)}
        self.emulator = subprocess.Popen(
            [binary, "emulator", "start", "--cert-dir", directory, "--request-log", self.log],
            env=environment, stdout=subprocess.PIPE, text=True)
        self.script = []
        for line in self.emulator.stdout:
            self.script.append(line.strip())
            if line.startswith("az login"):
                break

    def base_env(self):
        home = self.directory / "home"
        home.mkdir(exist_ok=True)
        return {"HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "AZURE_CORE_COLLECT_TELEMETRY": "0",
                "AZURE_CONFIG_DIR": str(self.azure), "REQUESTS_CA_BUNDLE": str(self.directory / "ca.pem")}

    def login(self):
        """Runs the commands that the emulator prints."""
        for line in self.script:
            if line.startswith("az "):
                code, _, stderr = self.az(shlex.split(line)[1:], {})
                if code:
                    raise SystemExit(f"'{line}' failed:\n{stderr}")
        # One more command fills az's caches of its own commands.
        self.az(["acr", "list"], {})
        shutil.copytree(self.azure, self.template)

    def az(self, args, env):
        """Runs the real az, in a child process that already has its modules loaded."""
        out, err = self.directory / "az.out", self.directory / "az.err"
        child = os.fork()
        if child == 0:
            run_az(args, {**self.base_env(), **env}, out, err)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), out.read_bytes(), err.read_text()

    def az_acr(self, args, env):
        env = {**self.base_env(), **env}
        argv = [self.binary, *args]
        if SHIM:
            shim = self.directory / "shim"
            shim.mkdir(exist_ok=True)
            if not (shim / "az").exists():
                (shim / "az").symlink_to(self.binary)
            env["PATH"] = f"{shim}:{pathlib.Path(sys.executable).parent}:{env['PATH']}"
            argv = [shim / "az", "acr", *args]
        try:
            ran = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        except subprocess.TimeoutExpired as e:
            return None, e.stdout or b"", "ERROR: timed out"
        return ran.returncode, ran.stdout, ran.stderr.decode()

    def run(self, case, tool):
        """Runs a case's commands on the first world. Returns each result, and all requests that change something."""
        shutil.rmtree(self.azure, ignore_errors=True)
        shutil.rmtree(self.directory / "home", ignore_errors=True)
        shutil.copytree(self.template, self.azure)
        with (self.azure / "config").open("a") as config:
            for section, option, value in case.config:
                config.write(f"\n[{section}]\n{option} = {value}\n")
        self.state.unlink(missing_ok=True)
        if case.world:
            subprocess.run([self.binary, "emulator", "reset"], check=True,
                           env={**self.base_env(), "AZ_ACR_EMULATOR_STATE": str(self.state)})
            state = json.loads(self.state.read_text())
            case.world(state)
            self.state.write_text(json.dumps(state))
        self.log.unlink(missing_ok=True)
        said = []
        for args in case.commands:
            code, stdout, stderr = tool(args, case.env)
            stdout = CHANGED_NOW.sub(b"<now>", stdout)
            lines = [l for l in stderr.splitlines() if l.startswith(("ERROR:", "WARNING:")) and l[9:].split(".")[0] not in OWN]
            said.append((code, stdout, lines))
        requests = [json.loads(l) for l in self.log.read_text().splitlines()] if self.log.exists() else []
        self.problems += [problem for r in requests for problem in models.problems(r)]
        changes = [r for r in requests if r["method"] != "GET" and r["status"] < 400]
        return said, [(r["method"], r["path"].lower(), r["body"]) for r in changes]

    def compare(self, case):
        """Describes the difference, or returns None."""
        self.problems = []
        az = self.run(case, lambda args, env: self.az(["acr", *args], env))
        own = self.run(case, self.az_acr)
        for args, (code, out, err), (own_code, own_out, own_err) in zip(case.commands, az[0], own[0]):
            where = shlex.join(args)
            if code != own_code:
                return f"{where}: exit code {code}, ours {own_code}\n  az:   {err}\n  ours: {own_err}"
            if out != own_out:
                return f"{where}: stdout\n--- az\n{out.decode()}--- ours\n{own_out.decode()}"
            # az-acr words usage errors itself (docs/parity.md); the shim leaves them to az.
            if code == 2 and not SHIM:
                err, own_err = bool(err), bool(own_err)
            if err != own_err:
                return f"{where}: stderr\n  az:   {err}\n  ours: {own_err}"
        if az[1] != own[1]:
            return f"{case.line}: requests\n  az:   {az[1]}\n  ours: {own[1]}"
        if self.problems:
            return f"{case.line}: the Python SDK's models\n  " + "\n  ".join(self.problems)
        return None


def run_az(args, env, out, err):
    """Becomes az. Never returns."""
    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["az", *args]
    try:
        runpy.run_module("azure.cli", run_name="__main__")
        code = 0
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else int(e.code is not None)
    except BaseException as e:  # pylint: disable=broad-except
        print(repr(e), file=sys.stderr)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def read(file, wanted):
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#") and (not wanted or any(w in line for w in wanted)):
            yield Case(file, number, line)


def work(binary, directory, tasks, results):
    """One worker: runs cases in its own world until none are left."""
    directory.mkdir()
    os.environ["AZURE_CONFIG_DIR"] = str(directory / "azure")  # az reads it when it is imported
    for module in PRELOADED:
        __import__(module)
    globals()["models"] = __import__("models")
    world = World(binary, directory)
    try:
        world.login()
        while (case := tasks.get()) is not None:
            results.put((case, world.compare(case)))
    finally:
        world.emulator.send_signal(signal.SIGINT)
        world.emulator.wait(10)


def main():
    binary, wanted = os.path.abspath(sys.argv[1]), [word for word in sys.argv[2:] if word != "--shim"]
    same = [c for f in sorted(HERE.glob("cases/*.txt")) for c in read(f, wanted)]
    different = {c.line for c in read(HERE / "differences.txt", wanted)}
    # What differs on purpose may go to az through the shim, and then it does not differ.
    cases = same + ([] if SHIM else list(read(HERE / "differences.txt", wanted)))
    failures = []
    with tempfile.TemporaryDirectory() as temporary:
        tasks, results = multiprocessing.Queue(), multiprocessing.Queue()
        for case in cases:
            tasks.put(case)
        workers = [multiprocessing.Process(target=work, args=(binary, pathlib.Path(temporary, str(i)), tasks, results))
                   for i in range(WORKERS)]
        for worker in workers:
            tasks.put(None)
            worker.start()
        for _ in cases:
            while True:
                try:
                    case, difference = results.get(timeout=5)
                    break
                except queue.Empty:
                    if not any(worker.is_alive() for worker in workers):
                        raise SystemExit("the workers ended before all cases had run")
            if case.line in different and difference is None:
                failures.append(f"{case.where}: no longer differs; move it to cases/")
            elif case.line not in different and difference is not None:
                failures.append(f"{case.where}: {difference}")
        for worker in workers:
            worker.join()
    print("\n\n".join(sorted(failures)))
    print(f"{len(cases) - len(failures)} passed, {len(failures)} failed")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
