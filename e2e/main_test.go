package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run opens the doors, runs the tests and closes the doors, whatever happens.
func run(m *testing.M) (code int) {
	defer func() {
		if err := closeLocal(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	var err error
	if doors, err = openDoors(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// door is one deployment under test.
type door struct {
	// name says how the door addresses its bucket, or where it is.
	name string
	// stage is the one of cdk.json that it serves; empty for a deployment.
	stage string
	client
	// sample is an object that the door has served from its start.
	sample object
	// store puts objects behind the door; nil for a deployment.
	store *store
	// local is the process that serves the door; nil for a deployment.
	local *localDoor
}

// object is what a client should get.
type object struct {
	key    string
	sha256 string
}

// doors are what is under test.
var doors []*door

func openDoors() ([]*door, error) {
	if _, err := exec.LookPath("curl"); err != nil {
		return nil, errors.New("curl is missing; onedoor promises curl lines that work, so the suite runs them")
	}
	if isDeployment() {
		d, err := deployedDoor(os.Getenv)
		return []*door{d}, err
	}
	return openLocalDoors()
}

func isDeployment() bool { return os.Getenv("E2E_BASE_URL") != "" }

// throughEachDoor runs a test once a door, side by side.
func throughEachDoor(t *testing.T, test func(t *testing.T, d *door)) {
	t.Helper()
	for _, d := range doors {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

// throughEachLocalDoor is throughEachDoor for what can't be seen from outside,
// and why.
func throughEachLocalDoor(t *testing.T, why string, test func(t *testing.T, d *door)) {
	t.Helper()
	if isDeployment() {
		t.Skip("not on a deployment: " + why)
	}
	throughEachDoor(t, test)
}

// Why tests stay away from deployments.
const (
	needsObjects     = "the test puts objects of its own into the bucket"
	needsCredentials = "the test signs with the function's credentials"
	needsLogs        = "the test reads the door's logs"
	needsProcess     = "the test starts and stops the door"
	needsSettings    = "the test synthesizes settings of its own"
	needsTable       = "the test watches the table of links, and breaks it"
	needsClock       = "the test compares the door's clock with its own"
)
