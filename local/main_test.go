package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"onedoor/local/template/templatetest"
)

// program is the compiled command, repository the folder that functions are
// built in.
var program, repository string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "local")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "local")
	if output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(string(output))
	}
	if repository, err = filepath.Abs(".."); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// app is a template with a bucket, a table and a function behind the door.
const app = `{"Resources": {
	"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files.example.com", "VersioningConfiguration": {"Status": "Enabled"}}},
	"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST",
		"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "B"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}},
	"Probe": {"Type": "AWS::Lambda::Function", "Metadata": {"onedoor:package": "./local/runtime/testdata/probe"},
		"Properties": {"Runtime": "provided.al2023", "Timeout": 20, "Environment": {"Variables": {"PROBE_FAILS": ""}}}},
	"S3Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"ServiceName": "com.amazonaws.eu-central-1.s3"}},
	"S3Addresses": {"Type": "Custom::EndpointIPs", "Properties": {"VpcEndpointId": {"Ref": "S3Endpoint"}}},
	"S3Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "ip",
		"Targets": [{"Id": {"Fn::GetAtt": ["S3Addresses", "IpAddress0"]}}]}},
	"ProbeTargets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"TargetType": "lambda",
		"Targets": [{"Id": {"Fn::GetAtt": ["Probe", "Arn"]}}]}},
	"Door": {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {}},
	"Https": {"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {"LoadBalancerArn": {"Ref": "Door"}, "Port": 443, "Protocol": "HTTPS",
		"DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "ProbeTargets"}}]}},
	"Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"ListenerArn": {"Ref": "Https"}, "Priority": 1,
		"Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": ["files.example.com"]}}, {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/objects/*"]}}],
		"Actions": [{"Type": "forward", "TargetGroupArn": {"Ref": "S3Targets"}}]}}
}}`

// running is a local door that was started.
type running struct {
	cmd    *exec.Cmd
	data   string
	stdout *output
	stderr *output
	ended  chan struct{}
}

// output is a buffer that a process writes and a test reads.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// open starts the command on the template with a data folder of its own.
func open(t *testing.T, template string, args ...string) *running {
	t.Helper()
	return openIn(t, filepath.Join(t.TempDir(), "data"), template, args...)
}

func openIn(t *testing.T, data, template string, args ...string) *running {
	t.Helper()
	d := &running{data: data, stdout: &output{}, stderr: &output{}, ended: make(chan struct{})}
	out := templatetest.Write(t, map[string]string{"app": template})
	d.cmd = exec.Command(program, append([]string{"-addr", "127.0.0.1:0", "-data", data, "-cdk-out", out}, args...)...)
	d.cmd.Dir = repository
	d.cmd.Stdout, d.cmd.Stderr = d.stdout, d.stderr
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		d.cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(func() {
		d.cmd.Process.Kill()
		<-d.ended
	})
	return d
}

// ready waits for the line that says so and returns the door's address.
func (d *running) ready(t *testing.T) string {
	t.Helper()
	for range 1000 {
		if line, _, ok := strings.Cut(d.stdout.String(), "\n"); ok {
			address, found := strings.CutPrefix(line, "ready: https://files.example.com on ")
			if !found {
				t.Fatalf("first line = %q; want the ready line", line)
			}
			return address
		}
		select {
		case <-d.ended:
			t.Fatalf("ended before it was ready:\n%s", d.stderr)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("not ready after 50 s:\n%s", d.stderr)
	return ""
}

// end waits for the end and returns the exit code.
func (d *running) end(t *testing.T) int {
	t.Helper()
	select {
	case <-d.ended:
		return d.cmd.ProcessState.ExitCode()
	case <-time.After(30 * time.Second):
		t.Fatalf("still runs:\n%s", d.stderr)
		return -1
	}
}

func (d *running) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// processes lists what runs with the door's data folder in its command line.
func (d *running) processes(t *testing.T) []string {
	t.Helper()
	list, err := exec.Command("ps", "-eo", "pid=,args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(list)) {
		if strings.Contains(line, d.data) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

// leavesNothing checks that no process of the door is left.
func (d *running) leavesNothing(t *testing.T) {
	t.Helper()
	var left []string
	for range 100 {
		if left = d.processes(t); len(left) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
}

// client speaks to the door, and trusts it as its ready line says.
func (d *running) client(t *testing.T, address string) *http.Client {
	t.Helper()
	authority, err := os.ReadFile(filepath.Join(d.data, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}}
}

func TestTheDoorOpensAndCloses(t *testing.T) {
	d := open(t, app)
	client := d.client(t, d.ready(t))
	for path, want := range map[string]int{
		"/objects/hello.txt": 403, // S3 answers: unsigned
		"/":                  502, // the function answers, in no form of the load balancer
	} {
		response, err := client.Get("https://files.example.com" + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != want {
			t.Errorf("GET %s = %d %s, %v; want %d", path, response.StatusCode, body, err, want)
		}
	}
	if found := d.processes(t); len(found) != 4 {
		t.Errorf("running: %q; want the door, versitygw, dynalite and a function", found)
	}
	if _, err := os.Stat(filepath.Join(d.data, "s3/buckets/files.example.com/objects/hello.txt")); err != nil {
		t.Errorf("no sample object: %v", err)
	}
	lines := strings.Split(strings.TrimSpace(d.stdout.String()), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], " -L https://files.example.com/presign/objects/hello.txt") ||
		!strings.Contains(lines[2], "-H 'Accept: application/json'") || !strings.Contains(lines[3], "S3 at http://127.0.0.1:") {
		t.Errorf("stdout:\n%s\nwant the ready line, two curl lines and the address of S3", d.stdout)
	}
	d.signal(t, os.Interrupt)
	if code := d.end(t); code != 0 {
		t.Errorf("exit code after SIGINT = %d; want 0\n%s", code, d.stderr)
	}
	d.leavesNothing(t)
}

func TestTerminationEndsAStartUnderWay(t *testing.T) {
	d := open(t, app)
	for len(d.processes(t)) < 2 {
		time.Sleep(5 * time.Millisecond)
	}
	d.signal(t, syscall.SIGTERM)
	d.end(t)
	d.leavesNothing(t)
}

func TestASecondInterruptKillsHard(t *testing.T) {
	d := open(t, app)
	client := d.client(t, d.ready(t))
	body, never := io.Pipe()
	defer never.Close()
	go client.Post("https://files.example.com/", "text/plain", body)
	if _, err := io.WriteString(never, "the door waits for the rest"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // let the request reach the door
	began := time.Now()
	d.signal(t, os.Interrupt)
	time.Sleep(200 * time.Millisecond)
	d.signal(t, os.Interrupt)
	if code := d.end(t); code != 130 || time.Since(began) > 3*time.Second {
		t.Errorf("exit code %d after %s; want 130 at once", code, time.Since(began))
	}
	d.leavesNothing(t)
}

func TestAFailedStartLeavesNothing(t *testing.T) {
	d := open(t, strings.Replace(app, `"PROBE_FAILS": ""`, `"PROBE_FAILS": "yes"`, 1))
	if code := d.end(t); code != 1 || !strings.Contains(d.stderr.String(), "start function app-Probe") {
		t.Errorf("exit code = %d:\n%s\nwant 1 and the function's name", code, d.stderr)
	}
	if d.stdout.String() != "" {
		t.Errorf("stdout = %q; want nothing", d.stdout)
	}
	d.leavesNothing(t)
}

func TestAProgramThatDiesTakesTheDoorWithIt(t *testing.T) {
	for _, name := range []string{"versitygw", "dynalite"} {
		d := open(t, app)
		d.ready(t)
		for _, line := range d.processes(t) {
			if pid, args, _ := strings.Cut(line, " "); strings.Contains(args, name) && !strings.Contains(args, "-cdk-out") {
				if err := exec.Command("kill", "-KILL", pid).Run(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if code := d.end(t); code != 1 || !strings.Contains(d.stderr.String(), "local: "+name+" ended: signal: killed") {
			t.Errorf("exit code after the end of %s = %d:\n%s\nwant 1 and its name", name, code, d.stderr)
		}
		d.leavesNothing(t)
	}
}

func TestADoorLeavesTheDataOfAnotherAlone(t *testing.T) {
	first := open(t, app)
	first.ready(t)
	second := openIn(t, first.data, app)
	if code := second.end(t); code != 1 || !strings.Contains(second.stderr.String(), "another local door uses "+first.data) {
		t.Errorf("exit code = %d:\n%s\nwant 1 and the reason", code, second.stderr)
	}
}

func TestMistakesAreNamedBeforeAnythingRuns(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		name, template string
		args           []string
		wantCode       int
		want           string
	}{
		{"port taken", app, []string{"-addr", taken.Addr().String()}, 1, taken.Addr().String() + " is taken; choose another address with -addr"},
		{"unknown type", strings.Replace(app, `"Door":`, `"Pool": {"Type": "AWS::Cognito::UserPool"}, "Door":`, 1), nil, 1, "resource Pool (AWS::Cognito::UserPool): this resource type is not understood"},
		{"unknown property", strings.Replace(app, `"Timeout": 20`, `"SnapStart": {}`, 1), nil, 1, "resource Probe (AWS::Lambda::Function): property SnapStart: not understood"},
		{"no app", app, []string{"-cdk-out", "/nowhere"}, 1, "no synthesized app in /nowhere: run `make synth` first"},
		{"other addresses", app, []string{"-addr", "0.0.0.0:8080"}, 2, "-addr 0.0.0.0:8080: only loopback addresses are served"},
		{"no port", app, []string{"-addr", "localhost"}, 2, "-addr localhost: "},
		{"URL", app, []string{"-s3", "localhost:9000"}, 2, "want http://host:port"},
		{"argument", app, []string{"please"}, 2, `unexpected argument "please"`},
	} {
		d := open(t, test.template, test.args...)
		if code := d.end(t); code != test.wantCode || !strings.Contains(d.stderr.String(), test.want) {
			t.Errorf("%s: exit code %d:\n%s\nwant %d and %q", test.name, code, d.stderr, test.wantCode, test.want)
		}
		if _, err := os.Stat(d.data); !os.IsNotExist(err) {
			t.Errorf("%s: the data folder was touched", test.name)
		}
	}
}

func TestMissingProgramsAreNamedWithTheirTarget(t *testing.T) {
	for flag, name := range map[string]string{"-versitygw": "build/nothing", "-dynalite": "node_modules/nothing"} {
		d := open(t, app, flag, name)
		if code := d.end(t); code != 1 || !strings.Contains(d.stderr.String(), name+" isn't there: run `make setup`") {
			t.Errorf("%s: exit code %d:\n%s\nwant 1 and a hint at make setup", flag, code, d.stderr)
		}
		d.leavesNothing(t)
	}
}
