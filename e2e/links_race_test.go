package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
)

// raceLinks is how many links are raced for, each by a crowd.
const raceLinks = 200

// attempt is what one of many requests came to: an answer, or an error where the
// door hung up.
type attempt struct {
	request *http.Request
	response
	err error
}

// attempts makes all requests at the same instant.
func (c client) attempts(t *testing.T, requests ...request) []attempt {
	t.Helper()
	all := make([]attempt, len(requests))
	start := make(chan struct{})
	var clients sync.WaitGroup
	for i, r := range requests {
		clients.Go(func() {
			<-start
			sent, answer, err := c.try(t.Context(), r)
			all[i] = attempt{sent, answer, err}
		})
	}
	close(start)
	clients.Wait()
	return all
}

// race lets a crowd claim a link.
func (d *door) race(t *testing.T, l link) []attempt {
	t.Helper()
	return d.attempts(t, slices.Repeat([]request{{target: l.target}}, crowd)...)
}

// outcome is what became of the attempts on one link.
type outcome struct {
	winners, refused, failed int
}

// judge counts attempts, and reports those that are neither a redirect to the
// object, nor a refusal, nor one of the failures that are allowed for.
func (d *door) judge(t *testing.T, attempts []attempt, failures ...int) outcome {
	t.Helper()
	var o outcome
	for _, a := range attempts {
		switch {
		case a.err != nil:
			t.Errorf("a claimer got no answer: %v", a.err)
		case a.status == http.StatusSeeOther:
			o.winners++
			target := d.requireClaimed(t, a.response)
			if o.winners <= 3 { // of many winners, some are enough
				d.requireSample(t, target)
			}
		case a.status == http.StatusForbidden:
			o.refused++
			requireLinkRefused(t, a.response)
		case slices.Contains(failures, a.status):
			o.failed++
			requireHonestFailure(t, a.response)
		default:
			t.Errorf("a claimer got %d %.200s; want 303, 403 or one of %v", a.status, a.body, failures)
		}
	}
	return o
}

// TestRacersGetALinkAsOftenAsItHasUses spreads the races over the doors, since
// the way to address the bucket plays no part in them.
func TestRacersGetALinkAsOftenAsItHasUses(t *testing.T) {
	for i, uses := range []int{1, 3} {
		d := doors[i%len(doors)]
		t.Run(fmt.Sprintf("uses: %d, %s", uses, d.name), func(t *testing.T) {
			t.Parallel()
			d.testRace(t, uses)
		})
	}
}

func (d *door) testRace(t *testing.T, uses int) {
	var all outcome
	for range raceLinks {
		l := d.newLink(t, order{"uses": uses})
		o := d.judge(t, d.race(t, l))
		if o.winners != uses || o.refused != crowd-uses {
			t.Errorf("%d racers for %d uses: %d got it, %d were refused; the state is %+v", crowd, uses, o.winners, o.refused, d.stateOf(t, l))
		}
		all.winners += o.winners
	}
	if all.winners != raceLinks*uses {
		t.Errorf("%d links of %d uses had %d winners", raceLinks, uses, all.winners)
	}
}

// requireHonestFailure fails unless a failure says when to come back, where it
// is one that the function answers, and leads nowhere.
func requireHonestFailure(t *testing.T, answer response) {
	t.Helper()
	if location := answer.header.Get("Location"); location != "" {
		t.Errorf("a failure, %d, leads to %s", answer.status, location)
	}
	if answer.status == http.StatusServiceUnavailable {
		requireUnavailable(t, answer)
	}
}

// requireUnavailable fails unless the answer says that the links can't be
// checked now, and when to come back.
func requireUnavailable(t *testing.T, answer response) {
	t.Helper()
	requireProblem(t, answer, http.StatusServiceUnavailable)
	if seconds, err := strconv.Atoi(answer.header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("503 with Retry-After %q; want seconds", answer.header.Get("Retry-After"))
	}
}
