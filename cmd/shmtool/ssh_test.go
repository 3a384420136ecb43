package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shmtool/cmd/shmtool/internal/cli"
	"shmtool/cmd/shmtool/internal/remote"
)

// sshHosts starts servers of OpenSSH on the loopback interface, each for a shared memory
// of its own, and returns the directory with a folder for each. A host "down" has no server.
func sshHosts(t *testing.T, hosts ...string) string {
	t.Helper()
	server := "/usr/sbin/sshd" // which wants to be started by its path
	if _, err := os.Stat(server); err != nil {
		t.Skip("OpenSSH's server is not installed")
	}
	for _, program := range []string{"ssh", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed")
		}
	}
	if os.Getuid() == 0 && os.MkdirAll("/run/sshd", 0o755) != nil {
		t.Skip("/run/sshd is missing")
	}
	dir := t.TempDir()
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	for _, key := range []string{"host", "user"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, key)).CombinedOutput(); err != nil {
			t.Skipf("ssh-keygen: %v\n%s", err, out)
		}
	}
	config := fmt.Sprintf("Host *\nHostName 127.0.0.1\nUser %s\nIdentityFile %s/user\nIdentitiesOnly yes\nStrictHostKeyChecking no\nUserKnownHostsFile %[2]s/known\n", me.Username, dir)
	for _, host := range hosts {
		port := freePort(t)
		config = fmt.Sprintf("Host %s\nPort %d\n", host, port) + config
		shm := filepath.Join(dir, host)
		if err := os.Mkdir(shm, 0o700); err != nil {
			t.Fatal(err)
		}
		if host != "down" {
			startSSHD(t, server, dir, shm, port)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "client"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(remote.CommandVariable, "ssh -F "+filepath.Join(dir, "client"))
	if out, err := exec.Command("ssh", "-F", filepath.Join(dir, "client"), hosts[0], "true").CombinedOutput(); err != nil {
		t.Skipf("no login by ssh on this machine: %v\n%s", err, out)
	}
	return dir
}

// freePort returns a port that no program listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func startSSHD(t *testing.T, server, dir, shm string, port int) {
	t.Helper()
	file := shm + ".conf"
	text := fmt.Sprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %[2]s/user.pub\nStrictModes no\nPasswordAuthentication no\nPidFile none\nUsePAM no\nPermitRootLogin yes\nSetEnv PATH=%[3]s %[4]s=%[5]s %[6]s=%[7]s\n",
		port, dir, os.Getenv("PATH"), cli.ShmDirVariable, shm, raceVariable, strings.Fields(os.Getenv(raceVariable))[0])
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sshd := exec.Command(server, "-D", "-e", "-f", file)
	var said buffer
	sshd.Stderr = &said
	if err := sshd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = sshd.Process.Kill(); _ = sshd.Wait() })
	eventually(t, func() bool {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil || strings.Contains(said.String(), "rror")
	}, said.String)
}

// Real servers, one of them down: what comes from each, and that what runs there ends with
// the one who asked for it.
func TestSSH(t *testing.T) {
	skipShort(t)
	dir := sshHosts(t, "edgea", "edgeb", "down")
	const page = `it's $(date) \ ! "x"`
	shmtool(t, filepath.Join(dir, "edgea"), "create", page, "--records", "4", "--field", "n:uint64")
	shmtool(t, filepath.Join(dir, "edgea"), "append", page, "n=18446744073709551615")
	shmtool(t, filepath.Join(dir, "edgeb"), "create", "log", "--records", "4", "--field", "n:uint64")
	if got := shmtool(t, dir, "get", "--ssh", "edgea", page, "n"); got != "18446744073709551615\n" {
		t.Errorf("%q", got)
	}
	p := launch(t, dir, "ls", "--ssh", "edgea,down,edgeb", "-o", "csv", "--fields", "host,name,present", "--no-header")
	if status, want := p.done(), "edgea,\"it's $(date) \\ ! \"\"x\"\"\",1\nedgeb,log,0\n"; status.ExitStatus() != 8 || p.stdout.String() != want || !strings.HasPrefix(p.err.String(), `shmtool: ls: host "down": ssh: `) {
		t.Errorf("exit code %d\n%s\n%s", status.ExitStatus(), p.stdout.String(), p.err.String())
	}
	saved := filepath.Join(dir, "saved.rax")
	shmtool(t, dir, "save", "--ssh", "edgeb", "log", saved)
	if b, err := os.ReadFile(saved); err != nil || len(b) != 71 {
		t.Errorf("%d bytes: %v", len(b), err)
	}

	tail := launch(t, dir, "tail", "-f", "--ssh", "edgeb", "log", "-o", "ndjson")
	shmtool(t, filepath.Join(dir, "edgeb"), "append", "log", "n=1")
	tail.prints(1)
	there := running(t, filepath.Join(dir, "edgeb"), "tail")
	if there == 0 {
		t.Fatal("no tail runs on the other side")
	}
	_ = tail.cmd.Process.Signal(syscall.SIGTERM)
	if status := tail.done(); status.Signal() != syscall.SIGTERM {
		t.Errorf("%v\n%s", status, tail.err.String())
	}
	eventually(t, func() bool { return errors.Is(syscall.Kill(there, 0), syscall.ESRCH) }, func() string { return "tail runs on" })
}

// running returns the PID of a shmtool that runs a verb for the shared memory of a directory,
// which is that of this test alone.
func running(t *testing.T, shm, verb string) int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lines {
		b, err := os.ReadFile(path)
		if line := strings.Split(string(b), "\x00"); err != nil || len(line) < 2 || filepath.Base(line[0]) != "shmtool" || line[1] != verb {
			continue
		}
		environment, err := os.ReadFile(filepath.Join(filepath.Dir(path), "environ"))
		if err == nil && strings.Contains(string(environment), cli.ShmDirVariable+"="+shm+"\x00") {
			var pid int
			_, _ = fmt.Sscanf(path, "/proc/%d/", &pid)
			return pid
		}
	}
	return 0
}
