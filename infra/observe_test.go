package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAlarmsWatchWhatClientsDependOn(t *testing.T) {
	var got []string
	for _, alarm := range synthesized(t, domainStage).service.ofType("AWS::CloudWatch::Alarm") {
		got = append(got, fmt.Sprintf("%v %v", alarm.get(t, "Namespace"), alarm.get(t, "MetricName")))
		if actions := alarm.get(t, "AlarmActions"); actions != nil {
			t.Errorf("an alarm acts without a topic: %v", actions)
		}
	}
	slices.Sort(got)
	want := []string{
		"AWS/ApiGateway 5XXError",
		"AWS/ApplicationELB UnHealthyHostCount", "AWS/ApplicationELB UnHealthyHostCount",
		"AWS/Lambda Errors", "AWS/Lambda Errors", "AWS/Lambda Errors",
		"AWS/Lambda Throttles", "AWS/Lambda Throttles", "AWS/Lambda Throttles",
		"onedoor/local EdgeFailedDecisions", "onedoor/local LinksFailedDecisions", "onedoor/local PresignFailedDecisions",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

func TestFailedDecisionsAreCountedFromTheFunctionsOwnLog(t *testing.T) {
	made := synthesized(t, domainStage)
	filters := made.service.ofType("AWS::Logs::MetricFilter")
	if len(filters) != 3 {
		t.Errorf("%d metric filters; want one for each function behind the door", len(filters))
	}
	for id, filter := range filters {
		metric, _ := filter.get(t, "MetricTransformations", 0, "MetricName").(string)
		logs, _ := made.service.find(t, "AWS::Logs::LogGroup", strings.TrimSuffix(metric, "FailedDecisions")+"LogGroup")
		if got := made.render(filter.get(t, "LogGroupName")); got != "${"+logs+"}" {
			t.Errorf("%s reads %s; want %s", id, got, logs)
		}
		if got := filter.get(t, "FilterPattern"); got != `{ $.outcome = "failed" }` {
			t.Errorf("%s counts %v; want what audit calls failed", id, got)
		}
	}
}

func TestAlarmsNotifyTheTopic(t *testing.T) {
	topic := []any{fullSettings["alarmTopicArn"]}
	for id, alarm := range synthesized(t, fullStage).service.ofType("AWS::CloudWatch::Alarm") {
		if diff := cmp.Diff([]any{topic, topic}, []any{alarm.get(t, "AlarmActions"), alarm.get(t, "OKActions")}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}
