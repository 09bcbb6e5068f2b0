package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// nagLine is a line of the report that cdk-nag writes per stack.
type nagLine struct {
	RuleID     string `json:"ruleId"`
	ResourceID string `json:"resourceId"`
	Compliance string `json:"compliance"`
	Reason     string `json:"exceptionReason"`
	Info       string `json:"ruleInfo"`
}

func nagLines(t *testing.T, made assembly) []nagLine {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(made.dir, "AwsSolutions-*-NagReport.json"))
	if err != nil || len(names) != 2 {
		t.Fatalf("cdk-nag wrote %d reports (%v); want one per stack", len(names), err)
	}
	var lines []nagLine
	for _, name := range names {
		var report struct{ Lines []nagLine }
		if err := decodeAll(map[string]any{name: &report}); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, report.Lines...)
	}
	return lines
}

func TestNoFindingOfCDKNagIsLeftOpen(t *testing.T) {
	for stage := range assemblies {
		lines := nagLines(t, synthesized(t, stage))
		if len(lines) < 30 {
			t.Errorf("%s: cdk-nag reports %d results; want at least 30, or it doesn't look", stage, len(lines))
		}
		for _, l := range lines {
			isAcknowledged := l.Compliance == "Suppressed" && l.Reason != ""
			if l.Compliance != "Compliant" && !isAcknowledged {
				t.Errorf("%s: %s at %s is %s: %s", stage, l.RuleID, l.ResourceID, l.Compliance, l.Info)
			}
		}
	}
}

func TestEveryAcknowledgementIsNeeded(t *testing.T) {
	for stage := range assemblies {
		made := synthesized(t, stage)
		suppressed := map[string]bool{}
		for _, l := range nagLines(t, made) {
			if l.Compliance == "Suppressed" {
				// A part of a finding stands before the reason, in brackets.
				_, reason, isPart := strings.Cut(l.Reason, "] ")
				if !isPart {
					reason = l.Reason
				}
				suppressed[reason] = true
			}
		}
		for _, tmpl := range []template{made.network, made.service} {
			for id, r := range tmpl.Resources {
				nag, _ := r.Metadata["cdk_nag"].(map[string]any)
				rules, _ := nag["rules_to_suppress"].([]any)
				for _, rule := range rules {
					reason := rule.(map[string]any)["reason"].(string)
					if !suppressed[reason] {
						t.Errorf("%s: %s acknowledges what cdk-nag doesn't find: %s", stage, id, reason)
					}
				}
			}
		}
	}
}

func TestSynthesisWarnsOfADoorForEverybodyAndOfNothingElse(t *testing.T) {
	for stage := range assemblies {
		warnings := 0
		made := synthesized(t, stage)
		names, err := filepath.Glob(filepath.Join(made.dir, "*.metadata.json"))
		if err != nil || len(names) != 2 {
			t.Fatalf("%d files of metadata (%v); want one per stack", len(names), err)
		}
		for _, name := range names {
			var entries map[string][]struct {
				Type string
				Data any
			}
			if err := decodeAll(map[string]any{name: &entries}); err != nil {
				t.Fatal(err)
			}
			for path, list := range entries {
				for _, entry := range list {
					switch warned := strings.HasPrefix(entry.Type, "aws:cdk:warning"); {
					case warned && strings.Contains(fmt.Sprint(entry.Data), "clientCidrs lets every address in"):
						warnings++
					case warned, strings.HasPrefix(entry.Type, "aws:cdk:error"):
						t.Errorf("%s: %s: %v", stage, path, entry.Data)
					}
				}
			}
		}
		if everybody := stage == bucketStage; everybody != (warnings == 1) {
			t.Errorf("%s: %d warnings of a door for everybody", stage, warnings)
		}
	}
}
