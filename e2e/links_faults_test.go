package e2e

import (
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What one call of a claim costs the table.
var (
	noCalls     = map[string]int{}
	oneCall     = map[string]int{"UpdateItem": 1}
	refusedCall = map[string]int{"UpdateItem": 1, "GetItem": 1} // the read finds out why
)

func requireCalls(t *testing.T, what string, got, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s calls the table otherwise (-want +got):\n%s", what, diff)
	}
}

// forms are the requests for a link that may open or claim it.
func forms(target string) map[string]request {
	return map[string]request{
		"GET":               {target: target},
		"GET by a browser":  {target: target, header: browser()},
		"POST":              {method: http.MethodPost, target: target},
		"POST by a browser": {method: http.MethodPost, target: target, header: browser()},
	}
}

func TestMalformedTokensNeverReachTheTable(t *testing.T) {
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		before := len(d.table.rows(t))
		token := unknownToken()
		for _, malformed := range []string{
			"", "a", token[1:], token + "A", token + "=", token[:31] + "!", token[:31] + "%41", token + "/", "/" + token, token + "%00", token[:30] + "+/",
			strings.Repeat("a", 4000), "%F0%9F%94%91", "..%2f" + token[5:], token[:16] + "." + token[17:], strings.Repeat("%20", 32),
		} {
			for name, r := range forms("/once/" + malformed) {
				calls := d.access.count(func() { requireLinkRefused(t, d.send(t, r)) })
				requireCalls(t, name+" /once/"+malformed[:min(len(malformed), 40)], calls, noCalls)
			}
		}
		if after := len(d.table.rows(t)); after != before {
			t.Errorf("the table had %d rows and has %d; want no change", before, after)
		}
	})
}

func TestUnknownTokenCostsOneConditionalCallAndLeavesNoRow(t *testing.T) {
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		before := len(d.table.rows(t))
		for name, r := range forms("/once/" + unknownToken()) {
			calls := d.access.count(func() { requireLinkRefused(t, d.send(t, r)) })
			requireCalls(t, name, calls, refusedCall)
		}
		if after := len(d.table.rows(t)); after != before {
			t.Errorf("the table had %d rows and has %d; want no change", before, after)
		}
	})
}

func TestBurstOfJunkTokensWritesNothing(t *testing.T) {
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		before := len(d.table.rows(t))
		const rounds = 10
		calls := d.access.count(func() {
			for range rounds {
				junk := unknownToken() + "~"
				if o := d.judge(t, d.race(t, link{target: "/once/" + junk})); o.refused != crowd {
					t.Errorf("%d of %d junk tokens were refused", o.refused, crowd)
				}
			}
		})
		requireCalls(t, "a burst of malformed tokens", calls, noCalls)
		calls = d.access.count(func() {
			for range rounds {
				if o := d.judge(t, d.race(t, link{target: "/once/" + unknownToken()})); o.refused != crowd {
					t.Errorf("%d of %d unknown tokens were refused", o.refused, crowd)
				}
			}
		})
		requireCalls(t, "a burst of unknown tokens", calls, map[string]int{"UpdateItem": rounds * crowd, "GetItem": rounds * crowd})
		if after := len(d.table.rows(t)); after != before {
			t.Errorf("the table had %d rows and has %d; want no change", before, after)
		}
	})
}

func TestClaimIsOneCallOfTheTable(t *testing.T) {
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		l := d.newLink(t, nil)
		requireCalls(t, "HEAD", d.access.count(func() { d.send(t, request{method: http.MethodHead, target: l.target}) }), noCalls)
		prefetch := request{target: l.target, header: http.Header{"Sec-Purpose": {"prefetch"}}}
		requireCalls(t, "a prefetch", d.access.count(func() { d.send(t, prefetch) }), noCalls)
		requireCalls(t, "the page", d.access.count(func() { d.openLink(t, l) }), oneCall)
		requireCalls(t, "a claim", d.access.count(func() { d.claim(t, l) }), oneCall)
		requireCalls(t, "another claim", d.access.count(func() { requireLinkRefused(t, d.get(t, l.target)) }), refusedCall)
	})
}

func TestTableHoldsNoSecretOfALink(t *testing.T) {
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		l := d.newLink(t, order{"uses": 2})
		d.openLink(t, l)
		d.claim(t, l)
		var found bool
		for _, row := range d.table.rows(t) {
			found = found || strings.Contains(string(row), l.hash())
			if strings.Contains(string(row), l.token()) || strings.Contains(string(row), l.secret()) {
				t.Errorf("the row %s holds the token %s or the id's secret %s", row, l.token(), l.secret())
			}
		}
		if !found {
			t.Errorf("no row has the hash %s of the token", l.hash())
		}
	})
}

// TestClaimWhoseAnswerIsLostCountsOnce breaks calls of one claim, which is
// answered truly and counted once all the same.
func TestClaimWhoseAnswerIsLostCountsOnce(t *testing.T) {
	tests := []struct {
		name   string
		faults []fault
	}{
		{"lost once", []fault{lost}},
		{"lost twice", []fault{lost, lost}},
		{"lost as often as it is tried", []fault{lost, lost, lost, lost, lost}},
		{"said to have failed", []fault{failedAfterwards}},
		{"answered too slowly", []fault{slow}},
		{"throttled first", []fault{throttled, lost}},
		{"broken first", []fault{unheard, failed}},
		{"taking effect after its repetition", []fault{late}},
	}
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				l := d.newLink(t, order{"uses": 3})
				d.access.sufferFirst("UpdateItem", test.faults...)
				d.requireSample(t, d.claim(t, l))
				d.access.recover()
				d.requireClaims(t, l, 1)
				d.claim(t, l)
				d.claim(t, l)
				requireLinkRefused(t, d.get(t, l.target))
				d.requireClaims(t, l, 3)
			})
		}
	})
}

// TestCreationThatTakesEffectLateBringsNoLinkBack: the first writing of the row
// arrives after a repetition of it has been answered and the link claimed.
func TestCreationThatTakesEffectLateBringsNoLinkBack(t *testing.T) {
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		before := len(d.table.rows(t))
		d.access.sufferFirst("PutItem", late)
		used := d.newLink(t, nil)
		d.claim(t, used)
		d.access.recover()
		requireLinkRefused(t, d.get(t, used.target))
		d.requireClaims(t, used, 1)

		d.access.sufferFirst("PutItem", lost)
		fresh := d.newLink(t, nil)
		d.access.recover()
		d.claim(t, fresh)
		requireLinkRefused(t, d.get(t, fresh.target))
		if after := len(d.table.rows(t)); after != before+2 {
			t.Errorf("two links, each created in two attempts, have %d rows", after-before)
		}
	})
}

func TestClaimThatCannotBeConfirmedIsUnavailableAndCountsAtMostOnce(t *testing.T) {
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		l := d.newLink(t, order{"uses": 2})
		d.access.suffer(func(string) fault { return lost })
		requireUnavailable(t, d.get(t, l.target))
		d.access.recover()
		d.requireClaims(t, l, 1)
		d.requireSample(t, d.claim(t, l))
		requireLinkRefused(t, d.get(t, l.target))
	})
}

func TestStoreThatIsDownLetsNobodyThroughAndConsumesNothing(t *testing.T) {
	ways := map[string]func(t *testing.T, d *watched) (up func()){
		"no connection": refuseConnections,
		"no answer":     everyCall(func(http.ResponseWriter, func() (response, error)) { time.Sleep(tooLong) }),
		"hanging up":    everyCall(unheard),
		"throttling":    everyCall(throttled),
		"server errors": everyCall(failed),
	}
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		for name, down := range ways {
			t.Run(name, func(t *testing.T) {
				l := d.newLink(t, nil)
				up := down(t, d)
				d.testDown(t, l)
				up()
				d.requireClaims(t, l, 0)
				d.requireSample(t, d.claim(t, l))
				requireLinkRefused(t, d.get(t, l.target))
			})
		}
	})
}

// testDown asks for everything that needs the table, at once: each waits for
// it.
func (d *door) testDown(t *testing.T, l link) {
	t.Helper()
	requests := []request{
		{target: l.target},
		{method: http.MethodPost, target: l.target},
		{target: "/once/" + unknownToken()},
		{target: linksPath + "/" + l.ID},
		{method: http.MethodDelete, target: linksPath + "/" + l.ID},
		{method: http.MethodPost, target: linksPath, body: `{"key": "objects/a"}`, header: http.Header{"Content-Type": {"application/json"}}},
	}
	for _, a := range d.attempts(t, requests...) {
		if a.err != nil {
			t.Fatal(a.err)
		}
		checkContract(t, a.request, a.response)
		requireUnavailable(t, a.response)
	}
	page := d.send(t, request{target: l.target, header: browser()})
	if page.status != http.StatusServiceUnavailable || page.header.Get("Retry-After") == "" || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Errorf("a browser gets %d %s %.200s; want 503, Retry-After and a page", page.status, page.header.Get("Content-Type"), page.body)
	}
	requireLinkRefused(t, d.get(t, "/once/not-a-token"))
}

func refuseConnections(t *testing.T, d *watched) (up func()) {
	t.Helper()
	if err := d.access.close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := d.access.open(); err != nil {
			t.Fatal(err)
		}
	}
}

func everyCall(f fault) func(*testing.T, *watched) func() {
	return func(_ *testing.T, d *watched) func() {
		d.access.suffer(func(string) fault { return f })
		return d.access.recover
	}
}

// sideBySide is how many links are raced for at once while something breaks:
// what waits for a timeout leaves the functions to others.
const sideBySide = 4

// raceInTrouble races for links of different uses while something breaks, and
// proves on each that no one was let through whom the link doesn't count, none
// counted who wasn't let through or told of a failure, and none lied to.
func (d *watched) raceInTrouble(t *testing.T, trouble, recovery func(), failures ...int) (all outcome) {
	t.Helper()
	uses := []int{1, 3, crowd * 2}
	links := make([]link, raceLinks)
	for i := range links {
		// A winner may wait for long until the test fetches what it won.
		links[i] = d.newLink(t, order{"uses": uses[i%len(uses)], "window": 900})
	}
	attempts := make([][]attempt, len(links))
	trouble()
	var races sync.WaitGroup
	turns := make(chan struct{}, sideBySide)
	for i, l := range links {
		turns <- struct{}{}
		races.Go(func() {
			attempts[i] = d.race(t, l)
			<-turns
		})
	}
	races.Wait()
	recovery()
	d.access.recover()
	for i, l := range links {
		o := d.judge(t, attempts[i], failures...)
		d.requireTruth(t, l, o)
		all.winners += o.winners
		all.refused += o.refused
		all.failed += o.failed
	}
	fresh := d.newLink(t, nil)
	d.requireSample(t, d.claim(t, fresh))
	requireLinkRefused(t, d.get(t, fresh.target))
	return all
}

// requireTruth fails unless the link's record fits what its claimers were told.
func (d *door) requireTruth(t *testing.T, l link, o outcome) {
	t.Helper()
	s := d.stateOf(t, l)
	claims := len(s.Claims)
	switch {
	case o.winners > l.Uses:
		t.Errorf("%d claimers got a link of %d uses", o.winners, l.Uses)
	case claims > l.Uses || s.Remaining != l.Uses-claims:
		t.Errorf("a link of %d uses counts %d claims and has %d left", l.Uses, claims, s.Remaining)
	case claims < o.winners:
		t.Errorf("%d claimers got the link, which counts %d", o.winners, claims)
	case claims > o.winners+o.failed:
		t.Errorf("the link counts %d claims, though only %d got it and %d were told of a failure", claims, o.winners, o.failed)
	case s.Remaining > 0 && o.refused > 0:
		t.Errorf("%d claimers were told that the link is dead, which has %d uses left", o.refused, s.Remaining)
	}
}

func TestTableInTroubleNeverLetsMoreThroughThanALinkHasUses(t *testing.T) {
	throughAWatchedDoor(t, needsTable, func(t *testing.T, d *watched) {
		random := rand.New(rand.NewPCG(3, 2026)) // guarded by the proxy's lock
		faults := map[string]int{}
		trouble := func(string) fault {
			for _, f := range []struct {
				name    string
				perMill int
				fault
			}{
				{"throttled", 100, throttled}, {"failed", 30, failed}, {"failed afterwards", 40, failedAfterwards},
				{"unheard", 30, unheard}, {"lost", 100, lost}, {"late", 4, late}, {"slow", 4, slow},
			} {
				if random.IntN(1000) < f.perMill {
					faults[f.name]++
					return f.fault
				}
			}
			return well
		}
		o := d.raceInTrouble(t, func() { d.access.suffer(trouble) }, d.access.recover, http.StatusServiceUnavailable)
		t.Logf("%d links, %d claimers each: %d got one, %d were refused, %d got 503; faults: %v", raceLinks, crowd, o.winners, o.refused, o.failed, faults)
		for _, name := range []string{"throttled", "failed", "failed afterwards", "unheard", "lost", "late", "slow"} {
			if faults[name] == 0 {
				t.Errorf("no call was %s, so the test shows nothing of it", name)
			}
		}
	})
}

// TestKilledFunctionsNeverLetMoreThroughThanALinkHasUses: the load balancer
// answers 502 where the function dies with the request in hand.
func TestKilledFunctionsNeverLetMoreThroughThanALinkHasUses(t *testing.T) {
	throughAWatchedDoor(t, needsProcess, func(t *testing.T, d *watched) {
		done, killed := make(chan struct{}), make(chan int)
		o := d.raceInTrouble(t,
			func() { go func() { killed <- killAgainAndAgain(d.local, "edge", done) }() },
			func() { close(done) },
			http.StatusBadGateway)
		deaths := <-killed
		t.Logf("%d links, %d claimers each: %d got one, %d were refused, %d got 502; %d processes killed", raceLinks, crowd, o.winners, o.refused, o.failed, deaths)
		if deaths < raceLinks || o.failed == 0 {
			t.Errorf("%d processes were killed and %d claimers told; want the test to hit more", deaths, o.failed)
		}
	})
}

// killAgainAndAgain kills a process of a function every few milliseconds until
// done, and returns how many.
func killAgainAndAgain(l *localDoor, function string, done <-chan struct{}) (killed int) {
	for {
		select {
		case <-done:
			return killed
		case <-time.After(10 * time.Millisecond):
		}
		var running []int
		for _, pid := range descendants(l.cmd.Process.Pid) {
			if filepath.Base(arguments(pid)[0]) == function {
				running = append(running, pid)
			}
		}
		if len(running) > 0 && syscall.Kill(running[rand.IntN(len(running))], syscall.SIGKILL) == nil {
			killed++
		}
	}
}
