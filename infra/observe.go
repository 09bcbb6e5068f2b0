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
		RemovalPolicy: removal(s),
	})
}

// alarm rings when a metric was above zero in most of the last five minutes:
// each of our metrics counts something that should not happen.
type alarm struct {
	id, description              string
	namespace, metric, statistic string
	dimensions                   map[string]*string
}

// newAlarms makes the few alarms on which somebody should act.
func newAlarms(stack awscdk.Stack, s settings, rest api, lb door, functions ...function) {
	newAlarm(stack, s, alarm{
		id: "ApiErrorsAlarm", description: "The REST API answers with 5xx",
		namespace: "AWS/ApiGateway", metric: "5XXError", statistic: "Sum",
		dimensions: map[string]*string{"ApiName": jsii.String(rest.name), "Stage": jsii.String(s.stage)},
	})
	for _, group := range lb.endpoints {
		newAlarm(stack, s, alarm{
			id: group.id + "UnhealthyAlarm", description: "The load balancer doesn't reach an address of " + group.id,
			namespace: "AWS/ApplicationELB", metric: "UnHealthyHostCount", statistic: "Maximum",
			dimensions: map[string]*string{
				"LoadBalancer": lb.balancer.LoadBalancerFullName(),
				"TargetGroup":  group.resource.AttrTargetGroupFullName(),
			},
		})
	}
	for _, function := range functions {
		newFailureAlarm(stack, s, function)
		for _, metric := range []string{"Errors", "Throttles"} {
			newAlarm(stack, s, alarm{
				id: function.id + metric + "Alarm", description: "The function " + function.id + " counts " + metric,
				namespace: "AWS/Lambda", metric: metric, statistic: "Sum",
				dimensions: map[string]*string{"FunctionName": function.FunctionName()},
			})
		}
	}
}

// newFailureAlarm counts the decisions that failed on our side. The functions
// answer those with 500 or 503, so Lambda counts no error.
func newFailureAlarm(stack awscdk.Stack, s settings, f function) {
	namespace, metric := "onedoor/"+s.stage, f.id+"FailedDecisions"
	awslogs.NewMetricFilter(stack, jsii.String(metric), &awslogs.MetricFilterProps{
		LogGroup:        f.logs,
		FilterPattern:   awslogs.FilterPattern_StringValue(jsii.String("$.outcome"), jsii.String("="), jsii.String("failed")),
		MetricNamespace: jsii.String(namespace),
		MetricName:      jsii.String(metric),
		MetricValue:     jsii.String("1"),
	})
	newAlarm(stack, s, alarm{
		id: metric + "Alarm", description: "The function " + f.id + " answers with 500 or 503",
		namespace: namespace, metric: metric, statistic: "Sum",
	})
}

func newAlarm(stack awscdk.Stack, s settings, a alarm) {
	var dimensions []any
	for _, name := range sortedKeys(a.dimensions) {
		dimensions = append(dimensions, &awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(name), Value: a.dimensions[name]})
	}
	props := &awscloudwatch.CfnAlarmProps{
		AlarmDescription:   jsii.String(a.description),
		Namespace:          jsii.String(a.namespace),
		MetricName:         jsii.String(a.metric),
		Dimensions:         dimensions,
		Statistic:          jsii.String(a.statistic),
		Period:             number(60),
		EvaluationPeriods:  number(5),
		DatapointsToAlarm:  number(3),
		Threshold:          number(0),
		ComparisonOperator: jsii.String("GreaterThanThreshold"),
		TreatMissingData:   jsii.String("notBreaching"),
	}
	if s.alarmTopicARN != "" {
		props.AlarmActions = &[]any{s.alarmTopicARN}
		props.OkActions = &[]any{s.alarmTopicARN}
	}
	awscloudwatch.NewCfnAlarm(stack, jsii.String(a.id), props)
}
