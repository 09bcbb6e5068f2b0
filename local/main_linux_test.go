package main

import (
	"os"
	"testing"
)

func TestKillingTheDoorLeavesNothing(t *testing.T) {
	d := open(t, app)
	d.ready(t)
	d.signal(t, os.Kill)
	d.end(t)
	d.leavesNothing(t)
}
