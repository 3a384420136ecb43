package bench

import (
	"bufio"
	"os"
	"runtime"
	"strings"
)

// Machine is where something was measured.
type Machine struct {
	CPU    string `json:"cpu"`
	CPUs   int    `json:"cpus"`
	Arch   string `json:"arch"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	Load   string `json:"load"` // of the last minute, before it began
	Pinned []int  `json:"pinned,omitempty"`
}

// ThisMachine returns what is known of this one.
func ThisMachine(pin []int) Machine {
	m := Machine{CPUs: runtime.NumCPU(), Arch: runtime.GOARCH, Go: runtime.Version(), Pinned: pin}
	m.Kernel = word("/proc/sys/kernel/osrelease")
	m.Load = word("/proc/loadavg")
	m.CPU = cpuModel()
	return m
}

// word returns the first word of a file.
func word(path string) string {
	b, _ := os.ReadFile(path)
	first, _, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	return first
}

// cpuModel returns the name of the first CPU, "" where the kernel does not tell it.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
