package main

import (
	"fmt"
	"slices"
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
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
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
