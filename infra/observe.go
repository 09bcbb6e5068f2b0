package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// retentionPeriods are the periods in days that CloudWatch Logs accepts.
var retentionPeriods = map[int]awslogs.RetentionDays{
	1: awslogs.RetentionDays_ONE_DAY, 3: awslogs.RetentionDays_THREE_DAYS, 5: awslogs.RetentionDays_FIVE_DAYS,
	7: awslogs.RetentionDays_ONE_WEEK, 14: awslogs.RetentionDays_TWO_WEEKS, 30: awslogs.RetentionDays_ONE_MONTH,
	60: awslogs.RetentionDays_TWO_MONTHS, 90: awslogs.RetentionDays_THREE_MONTHS, 120: awslogs.RetentionDays_FOUR_MONTHS,
	150: awslogs.RetentionDays_FIVE_MONTHS, 180: awslogs.RetentionDays_SIX_MONTHS, 365: awslogs.RetentionDays_ONE_YEAR,
	400: awslogs.RetentionDays_THIRTEEN_MONTHS, 545: awslogs.RetentionDays_EIGHTEEN_MONTHS, 731: awslogs.RetentionDays_TWO_YEARS,
	1096: awslogs.RetentionDays_THREE_YEARS, 1827: awslogs.RetentionDays_FIVE_YEARS, 2192: awslogs.RetentionDays_SIX_YEARS,
	2557: awslogs.RetentionDays_SEVEN_YEARS, 2922: awslogs.RetentionDays_EIGHT_YEARS, 3288: awslogs.RetentionDays_NINE_YEARS,
	3653: awslogs.RetentionDays_TEN_YEARS,
}

// newLogGroup makes a log group that forgets. CloudWatch encrypts it with a key
// of its own: the logs hold nothing secret that a key of ours would guard.
func newLogGroup(stack awscdk.Stack, id string, s settings) awslogs.LogGroup {
	return awslogs.NewLogGroup(stack, jsii.String(id), &awslogs.LogGroupProps{
		Retention:     retentionPeriods[s.logRetentionDays],
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}

// alarm is one alarm: it rings when the sum or maximum of a metric over a
// minute is above a limit in as many of the last five minutes as it says.
type alarm struct {
	id, description      string
	namespace, metric    string
	dimensions           map[string]*string
	statistic            string
	above, minutesOutOf5 float64
}

// newAlarms makes the few alarms on which somebody should act.
func newAlarms(stack awscdk.Stack, s settings, api api, door door, functions ...function) {
	alarms := []alarm{{
		id: "ApiErrorsAlarm", description: "The REST API answers with 5xx",
		namespace: "AWS/ApiGateway", metric: "5XXError", statistic: "Sum",
		dimensions: map[string]*string{"ApiName": jsii.String(api.name), "Stage": jsii.String(s.stage)},
		above:      0, minutesOutOf5: 3,
	}}
	for _, group := range door.targetGroups {
		alarms = append(alarms, alarm{
			id: group.id + "UnhealthyAlarm", description: "The load balancer can't reach an address of " + group.id,
			namespace: "AWS/ApplicationELB", metric: "UnHealthyHostCount", statistic: "Maximum",
			dimensions: map[string]*string{"LoadBalancer": door.fullName, "TargetGroup": group.resource.AttrTargetGroupFullName()},
			above:      0, minutesOutOf5: 3,
		})
	}
	for _, function := range functions {
		for _, metric := range []string{"Errors", "Throttles"} {
			alarms = append(alarms, alarm{
				id: function.id + metric + "Alarm", description: function.id + " has " + metric,
				namespace: "AWS/Lambda", metric: metric, statistic: "Sum",
				dimensions: map[string]*string{"FunctionName": function.FunctionName()},
				above:      0, minutesOutOf5: 3,
			})
		}
	}
	for _, a := range alarms {
		newAlarm(stack, s, a)
	}
}

func newAlarm(stack awscdk.Stack, s settings, a alarm) {
	props := &awscloudwatch.CfnAlarmProps{
		AlarmDescription:   jsii.String(a.description),
		Namespace:          jsii.String(a.namespace),
		MetricName:         jsii.String(a.metric),
		Dimensions:         dimensions(a.dimensions),
		Statistic:          jsii.String(a.statistic),
		Period:             jsii.Number(60),
		EvaluationPeriods:  jsii.Number(5),
		DatapointsToAlarm:  jsii.Number(a.minutesOutOf5),
		Threshold:          jsii.Number(a.above),
		ComparisonOperator: jsii.String("GreaterThanThreshold"),
		TreatMissingData:   jsii.String("notBreaching"),
	}
	if s.alarmTopicARN != "" {
		props.AlarmActions = &[]any{s.alarmTopicARN}
		props.OkActions = &[]any{s.alarmTopicARN}
	}
	awscloudwatch.NewCfnAlarm(stack, jsii.String(a.id), props)
}

func dimensions(values map[string]*string) []any {
	var all []any
	for _, name := range sortedKeys(values) {
		all = append(all, &awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(name), Value: values[name]})
	}
	return all
}
