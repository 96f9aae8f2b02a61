"""What a command may not do: each test is one attack, run from inside the sandbox."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from codex_task_executor.sandbox.launch import Command
from codex_task_executor.sandbox.view import Surroundings, look
from support.repositories import Sandpit
from support.sandboxes import PATH, Box, bubblewrap

pytestmark = pytest.mark.bubblewrap


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box.create(tmp_path)


# Environment and processes


async def test_the_environment_of_this_process_is_nowhere(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    said = await box.says("env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'")
    assert "PATH=" in said
    assert "sk-canary" not in said


async def test_no_process_of_the_host_is_seen(box: Box) -> None:
    said = await box.says("for d in /proc/[0-9]*; do cat $d/comm; done 2>/dev/null")
    assert set(said.split()) <= {"bwrap", "bash", "cat"}


async def test_no_descriptor_of_this_process_is_inherited(box: Box, tmp_path: Path) -> None:
    secret = os.open(box.home / ".ssh" / "id_rsa", os.O_RDONLY)
    os.set_inheritable(secret, True)
    try:
        said = await box.python("import os; print(sorted(os.listdir('/proc/self/fd')))")
    finally:
        os.close(secret)
    assert said == "['0', '1', '2', '3']"  # 3: the listing itself


async def test_what_init_holds_open_leads_nowhere(box: Box) -> None:
    said = await box.says("cat /proc/1/fd/[3-9] /proc/1/root/etc/shadow /proc/1/cwd/etc/shadow")
    assert all(line.startswith("cat: ") for line in said.splitlines())


# Files


async def test_nothing_outside_the_worktree_is_written(box: Box) -> None:
    tries = "/x /usr/x /usr/bin/ls /etc/x /etc/passwd /run/x /dev/x /proc/x /bin/ls"
    said = await box.says(f"for f in {tries}; do (: >> $f) 2>/dev/null && echo opened $f; done")
    assert said == ""


async def test_files_beside_the_worktree_do_not_show_and_do_not_change(box: Box) -> None:
    await box.says("cd ..; echo x > planted; mkdir -p home; echo x > home/planted")
    assert sorted(path.name for path in box.above.iterdir()) == ["home", "tree"]
    assert await box.says(f"cat {box.home}/.ssh/id_rsa") == (
        f"cat: {box.home}/.ssh/id_rsa: No such file or directory"
    )


async def test_a_link_out_of_the_worktree_leads_nowhere(box: Box) -> None:
    (box.root / "link").symlink_to(box.home / ".ssh")
    said = await box.says("cat link/id_rsa; echo x > link/planted; ls -A link/..")
    assert "PRIVATE" not in said
    assert sorted(path.name for path in (box.home / ".ssh").iterdir()) == ["id_rsa"]


async def test_the_rest_of_the_repository_does_not_show(pit: Sandpit) -> None:
    pit.write({"uncommitted.txt": "MINE"})
    tree = pit.root / ".codex-sessions" / "worktrees" / "t1"
    pit.git("worktree", "add", "-q", "--detach", str(tree))
    around = Surroundings(PATH, pit.root.parent / "home", (pit.root,))
    line = f"cat ../../../uncommitted.txt; ls -A {pit.root} ..; cat .git; git status"
    result = await bubblewrap(look(tree, around)).run(Command(line))
    said = result.output.decode()
    assert "MINE" not in said
    assert f"{pit.root}:\n.codex-sessions\n" in said
    assert "..:\nt1\n" in said
    assert "not a git repository" in said


@pytest.mark.parametrize(
    "attack",
    [
        "echo 'gitdir: /tmp/x' > .git",
        "rm -f .git",
        "mv .git git",
        "rm -rf .git; mkdir .git; echo x > .git/config",
        "ln -sf /tmp/x .git",
        "chmod 777 .git",
        "mv ../tree ../other",
        "git init -q .; git config core.fsmonitor x",
    ],
)
async def test_the_git_file_stays(box: Box, attack: str) -> None:
    before = (box.root / ".git").read_bytes()
    await box.says(attack)
    assert (box.root / ".git").read_bytes() == before
    assert not (box.root / ".git").is_symlink()


async def test_a_git_dir_is_not_shown_and_not_written(box: Box) -> None:
    (box.root / ".git").unlink()
    box.write({".git/config": "url = https://user:token@host/"})
    said = await box.says("ls -A .git; cat .git/config; echo x > .git/hooks; git status")
    assert "token" not in said
    assert "Read-only file system" in said
    assert "not a git repository" in said
    assert [path.name for path in (box.root / ".git").iterdir()] == ["config"]


SECRETS = {".env": "TOKEN", "deploy/key.pem": "TOKEN", "deploy/.aws/credentials": "TOKEN"}


@pytest.mark.parametrize(
    "attack",
    [
        "cat .env deploy/key.pem deploy/.aws/credentials",
        "grep -r TOKEN . ; tar cf - . | tr -d '\\0'; cp -r . /tmp/copy; cat /tmp/copy/.env",
        "ln .env plain; ln deploy/key.pem plain2; cat plain plain2",
        "mv .env plain; mv deploy/key.pem plain2; cat plain plain2",
        "rm -f .env; mv deploy d; cat .env d/key.pem d/.aws/credentials",
        "chmod -R 777 .; cat .env deploy/key.pem",
        "umount .env; umount -l deploy/key.pem; cat .env deploy/key.pem",
    ],
)
async def test_secrets_of_the_worktree_are_not_read(box: Box, attack: str) -> None:
    box.write(SECRETS)
    sandbox = bubblewrap(box.view())
    said = (await sandbox.run(Command(attack))).output
    again = (await sandbox.run(Command("cat .env d*/key.pem d*/.aws/* p*"))).output
    assert b"TOKEN" not in said + again
    assert {name: (box.root / name).read_text() for name in SECRETS} == SECRETS


async def test_a_command_can_use_secret_names_for_files_of_its_own(box: Box) -> None:
    sandbox = bubblewrap(box.view())
    await sandbox.run(Command("echo mine > .env"))
    assert (await sandbox.run(Command("cat .env"))).output == b"mine\n"


async def test_masks_leave_nothing_on_the_host(box: Box) -> None:
    box.write(SECRETS)
    sandbox = bubblewrap(box.view())
    (box.root / ".env").unlink()
    await sandbox.run(Command("true"))
    assert not (box.root / ".env").exists()


# The kernel


WALK = """
import os
for top, folders, names in os.walk("/proc"):
    if top == "/proc":
        folders[:] = [n for n in folders if not n.isdigit() and n not in ("self", "thread-self")]
    for name in names:
        path = os.path.join(top, name)
        if os.path.islink(path):
            continue
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            continue
        print(path)
"""


async def test_no_setting_of_the_kernel_opens_for_writing(box: Box) -> None:
    assert await box.python(WALK) == ""


async def test_a_setting_of_the_kernel_is_read_but_not_written(box: Box) -> None:
    setting = "/proc/sys/kernel/core_pattern"
    said = await box.says(f"cat {setting} >/dev/null && : >> {setting}")
    assert "Read-only file system" in said or "Permission denied" in said


CALLS = """
import ctypes, errno, sys
libc = ctypes.CDLL(None, use_errno=True)
for number in map(int, sys.argv[1:]):
    print(errno.errorcode.get(ctypes.get_errno() if libc.syscall(number, 0, 0, 0, 0, 0) else 0, 0))
"""


@pytest.mark.parametrize(
    ("call", "error"),
    [
        *((call, errno.EPERM) for call in ("ptrace", "process_vm_readv", "pidfd_getfd", "kcmp")),
        *((call, errno.EPERM) for call in ("bpf", "perf_event_open", "userfaultfd", "keyctl")),
        *(
            (call, errno.EPERM)
            for call in ("mount", "umount2", "pivot_root", "fsopen", "open_tree")
        ),
        *((call, errno.EPERM) for call in ("setns", "unshare", "open_by_handle_at", "add_key")),
        *((call, errno.EPERM) for call in ("init_module", "finit_module", "kexec_load")),
        *((call, errno.ENOSYS) for call in ("clone3", "io_uring_setup")),
    ],
)
async def test_dangerous_calls_fail(box: Box, call: str, error: int) -> None:
    pyseccomp = pytest.importorskip("pyseccomp", exc_type=ImportError)
    number = pyseccomp.resolve_syscall(pyseccomp.system_arch(), call)
    (box.root / "calls.py").write_text(CALLS)
    assert await box.says(f"python3 calls.py {number}") == errno.errorcode[error]


@pytest.mark.parametrize(
    "line",
    [
        "unshare --user --map-root-user id",
        "unshare --mount true",
        "unshare --net true",
        "mount -t tmpfs none /tmp",
        "mount -o remount,rw /",
        "mount --bind / /tmp/home",
        "nsenter -t 1 -m true",
        "chroot / true",
    ],
)
async def test_no_namespace_and_no_mount(box: Box, line: str) -> None:
    assert (await box.run(line)).code not in (0, 127)


async def test_no_capability_is_left_or_can_be_had(box: Box) -> None:
    said = await box.says("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")
    values = dict(line.split(":\t") for line in said.splitlines())
    assert values.pop("NoNewPrivs") == "1"
    assert values.pop("Seccomp") == "2"
    assert set(values.values()) == {"0" * 16}


INJECT = """
import fcntl, os, pty, termios
master, slave = pty.openpty()
for request in (termios.TIOCSTI, 0x541C):
    try:
        fcntl.ioctl(slave, request, b"x")
        print("typed")
    except OSError as error:
        print(error.strerror)
try:
    os.open("/dev/tty", os.O_RDWR)
except OSError as error:
    print(error.strerror)
"""


async def test_nothing_is_typed_into_a_terminal(box: Box) -> None:
    said = (await box.python(INJECT)).splitlines()
    assert said == ["Operation not permitted"] * 2 + ["No such device or address"]
