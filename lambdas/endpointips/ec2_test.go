package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeEC2 answers with a response of the EC2 Query API and returns what it was
// asked: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
func fakeEC2(t *testing.T, status int, response string) *url.Values {
	t.Helper()
	asked := new(url.Values)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked, _ = url.ParseQuery(string(body))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, response)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_EC2", server.URL)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	return asked
}

func TestDescribeOnEC2(t *testing.T) {
	asked := fakeEC2(t, http.StatusOK, `<DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><networkInterfaceSet>
		<item><networkInterfaceId>eni-a</networkInterfaceId><subnetId>subnet-a</subnetId><privateIpAddress>10.0.1.10</privateIpAddress></item>
		<item><networkInterfaceId>eni-b</networkInterfaceId><subnetId>subnet-b</subnetId><privateIpAddress>10.0.2.10</privateIpAddress></item>
	</networkInterfaceSet></DescribeNetworkInterfacesResponse>`)
	got, err := describeOnEC2(t.Context(), []string{"eni-a", "eni-b"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]networkInterface{interfaceA, interfaceB}, got, cmp.AllowUnexported(networkInterface{})); diff != "" {
		t.Errorf("interfaces mismatch (-want +got):\n%s", diff)
	}
	if asked.Get("Action") != "DescribeNetworkInterfaces" || asked.Get("NetworkInterfaceId.1") != "eni-a" || asked.Get("NetworkInterfaceId.2") != "eni-b" {
		t.Errorf("EC2 was asked %v", asked)
	}
}

func TestDescribeOnEC2TellsNotReadyFromRefused(t *testing.T) {
	for _, test := range []struct {
		code     string
		notReady bool
	}{
		{"InvalidNetworkInterfaceID.NotFound", true},
		{"UnauthorizedOperation", false},
	} {
		fakeEC2(t, http.StatusBadRequest, `<Response><Errors><Error><Code>`+test.code+`</Code><Message>no</Message></Error></Errors><RequestID>r</RequestID></Response>`)
		_, err := describeOnEC2(t.Context(), []string{"eni-a"})
		if err == nil || errors.Is(err, errNotReady) != test.notReady {
			t.Errorf("%s: error = %v; want errNotReady: %t", test.code, err, test.notReady)
		}
		if err != nil && !test.notReady && !strings.Contains(err.Error(), test.code) {
			t.Errorf("%s: error = %v; want it to name the code", test.code, err)
		}
	}
}
