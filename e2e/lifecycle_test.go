package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestObjectsStayBetweenRunsAndCtrlCLeavesNothingRunning(t *testing.T) {
	throughEachLocalDoor(t, needsProcess, func(t *testing.T, d *door) {
		const key = "objects/kept/보고서.pdf"
		mine := d.another(d.local.assembly, t.TempDir())

		start := func() (authority []byte) {
			t.Helper()
			if err := mine.open(); err != nil {
				t.Fatal(err)
			}
			authority, err := os.ReadFile(filepath.Join(mine.local.data, "ca.pem"))
			if err != nil {
				t.Fatal(err)
			}
			return authority
		}
		stop := func() {
			t.Helper()
			if len(descendants(mine.local.cmd.Process.Pid)) == 0 {
				t.Error("the door runs no program, so the test can't tell whether it leaves one")
			}
			if err := mine.local.stop(); err != nil {
				t.Error(err)
			}
		}
		first := start()
		mine.store.put(t, key, contentOf(key))
		requireObject(t, mine, presignTarget(key), key)
		stop()

		second := start()
		requireObject(t, mine, presignTarget(key), key)
		if bytes.Equal(first, second) {
			t.Error("ca.pem is the same after a restart; want a new authority for each start")
		}
		stop()
	})
}

func TestTwoDoorsDoNotShareADataFolder(t *testing.T) {
	throughEachLocalDoor(t, needsProcess, func(t *testing.T, d *door) {
		other := &localDoor{program: d.local.program, assembly: d.local.assembly, data: d.local.data}
		if err := other.start(); err == nil {
			t.Errorf("a second door serves the same data folder: %v", other.stop())
		}
		d.requireSample(t, d.signed(t))
	})
}
