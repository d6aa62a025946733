using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Calls.Agent;
using Orchestrator.Workers.Runtimes;

namespace Orchestrator.Tests.Calls.Agent;

/// <summary>What every runtime owes to functions, with real containers and the unmodified Node FDK.</summary>
public abstract class FunctionConformance(FunctionStand stand)
{
    private static readonly FunctionSpec Probe = FunctionStand.Function("probe");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Should_hand_the_call_to_the_fdk_and_its_answer_back()
    {
        var agent = stand.Agent();
        var call = FunctionStand.Call(Probe with { Config = new Dictionary<string, string> { ["GREETING"] = "it's \"$HOME\"\nand more", ["odd-name"] = "odd" } }, new { @do = "echo", text = "ä" });
        call = call with { Headers = [.. call.Headers, new("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), new("X-Two", "a"), new("X-Two", "b"), new("X-Evil", "a\r\nFn-Call-Id: b")] };

        var outcome = await agent.InvokeAsync(call, Cancel);

        var answer = Answer(outcome);
        Assert.Equal("ä", answer.GetProperty("input").GetProperty("text").GetString());
        var headers = answer.GetProperty("headers");
        Assert.Equal(call.CallId, headers.GetProperty("Fn-Call-Id")[0].GetString());
        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", headers.GetProperty("Traceparent")[0].GetString());
        Assert.EndsWith("Z", headers.GetProperty("Fn-Deadline")[0].GetString(), StringComparison.Ordinal);
        Assert.False(headers.TryGetProperty("X-Evil", out _));
        Assert.Contains(outcome.Headers, header => header.Key == "Fn-Fdk-Version");

        var environment = Answer(await agent.InvokeAsync(FunctionStand.Call(call.Function, new { @do = "env" }), Cancel)).GetProperty("env");
        Assert.Equal("it's \"$HOME\"\nand more", environment.GetProperty("GREETING").GetString());
        Assert.Equal("odd", environment.GetProperty("odd-name").GetString());
        Assert.Equal("128", environment.GetProperty("FN_MEMORY").GetString());
        Assert.DoesNotContain(environment.EnumerateObject(), variable => variable.Name.StartsWith("DOTNET", StringComparison.Ordinal) || variable.Name == "USER");
    }

    [Fact]
    public async Task Should_use_the_warm_container_again_for_one_call_at_a_time()
    {
        var agent = stand.Agent();
        var function = Probe with { FnId = "warm", MaxConcurrency = 1 };

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => agent.InvokeAsync(FunctionStand.Call(function, new { @do = "sleep", ms = 50 }), Cancel)));

        Assert.Single(outcomes.Select(outcome => outcome.Handle).Distinct());
        Assert.Equal([1, 2, 3], outcomes.Select(outcome => Answer(outcome).GetProperty("calls").GetInt32()).Order());
        Assert.Equal(1, agent.Capacity.Idle);
    }

    [Fact]
    public async Task Should_start_new_containers_when_the_configuration_changes()
    {
        var agent = stand.Agent();
        var before = await agent.InvokeAsync(FunctionStand.Call(Probe), Cancel);
        var after = await agent.InvokeAsync(FunctionStand.Call(Probe with { Config = new Dictionary<string, string> { ["A"] = "1" } }), Cancel);
        Assert.NotEqual(before.Handle, after.Handle);
    }

    [Fact]
    public async Task Should_kill_a_function_that_takes_too_much_memory()
    {
        var agent = stand.Agent();
        var function = Probe with { FnId = "greedy", MemoryMiB = 96 };

        var outcome = await agent.InvokeAsync(FunctionStand.Call(function, new { @do = "hold", mib = 300 }), Cancel);

        Assert.Equal(InvocationFailure.OutOfMemory, outcome.Failure);
        Assert.Equal(502, outcome.Status);
        Assert.Contains("out of memory", Encoding.UTF8.GetString(outcome.Log.Span), StringComparison.Ordinal);
        Assert.Null((await agent.InvokeAsync(FunctionStand.Call(function, new { @do = "hold", mib = 10 }), Cancel)).Failure);
    }

    [Fact]
    public async Task Should_give_no_more_processor_time_than_asked_for()
    {
        var agent = stand.Agent();
        var call = agent.InvokeAsync(FunctionStand.Call(Probe with { FnId = "slow", MilliCpus = 200 }, new { @do = "spin", ms = 2500 }), Cancel);
        while (!call.IsCompleted)
        {
            await agent.SampleAsync();
            await Task.WhenAny(call, Task.Delay(200, Cancel));
        }

        var outcome = await call;

        // A fifth of a processor; a period of 100 ms more may fall into the time.
        Assert.InRange(Answer(outcome).GetProperty("cpuMs").GetDouble(), 1, 800);
        Assert.NotEmpty(outcome.Stats);
        Assert.True(outcome.Stats[^1].Metrics["mem_usage"] > 0 && outcome.Stats[^1].Metrics["cpu_total"] > 0);
    }

    [Fact]
    public async Task Should_allow_no_more_processes_than_the_limit()
    {
        var agent = stand.Agent(options => options.MaxProcesses = 40);
        var outcome = await agent.InvokeAsync(FunctionStand.Call(Probe with { FnId = "forks" }, new { @do = "spawn", count = 60 }), Cancel);
        Assert.InRange(Answer(outcome).GetProperty("failed").GetInt32(), 15, 60);
    }

    [Fact]
    public async Task Should_kill_all_of_a_function_that_runs_too_long_before_it_answers()
    {
        var agent = stand.Agent();
        var function = Probe with { FnId = "late" };
        await agent.InvokeAsync(FunctionStand.Call(function, new { @do = "spawn", count = 3 }), Cancel);
        ExecutionStart? start = null;

        var outcome = await agent.InvokeAsync(
            FunctionStand.Call(function, new { @do = "sleep", ms = 600_000 }) with
            {
                Timeout = TimeSpan.FromMilliseconds(300),
                OnStart = (begun, _) =>
                {
                    start = begun;
                    return ValueTask.FromResult(true);
                },
            },
            Cancel);

        Assert.Equal(InvocationFailure.TimedOut, outcome.Failure);
        Assert.Equal((504, "Timed out"), (outcome.Status, outcome.Message));
        Assert.DoesNotContain(await stand.Runtime.ListAsync(ContainerPurposes.Function, Cancel), found => found.Handle == start!.Value.Handle && found.IsRunning);
        if (ProcessHandle.TryParse(start!.Value.Handle, out var process))
            Assert.False(process.IsAlive());
    }

    [Fact]
    public async Task Should_kill_a_function_when_its_call_is_cancelled()
    {
        var agent = stand.Agent();
        using var cancel = new CancellationTokenSource();
        var outcome = await agent.InvokeAsync(
            FunctionStand.Call(Probe with { FnId = "cancelled" }, new { @do = "sleep", ms = 600_000 }) with
            {
                OnStart = (_, _) =>
                {
                    cancel.CancelAfter(200);
                    return ValueTask.FromResult(true);
                },
            },
            cancel.Token);
        Assert.Equal(InvocationFailure.Cancelled, outcome.Failure);
        Assert.Equal(0, agent.Capacity.Busy);
    }

    [Fact]
    public async Task Should_tell_how_a_function_ended()
    {
        var agent = stand.Agent();
        var function = Probe with { FnId = "ends" };

        var exit = await agent.InvokeAsync(FunctionStand.Call(function, new { @do = "exit", code = 7 }), Cancel);
        Assert.Equal((InvocationFailure.BadExit, 502, "error receiving function response"), (exit.Failure, exit.Status, exit.Message));
        Assert.Contains("exit code 7", Encoding.UTF8.GetString(exit.Log.Span), StringComparison.Ordinal);

        var signal = await agent.InvokeAsync(FunctionStand.Call(function, new { @do = "signal", name = "SIGKILL" }), Cancel);
        Assert.Equal(InvocationFailure.Killed, signal.Failure);

        var failed = await agent.InvokeAsync(FunctionStand.Call(function, new { @do = "fail" }), Cancel);
        Assert.Equal((InvocationFailure.FunctionFailed, 502, "function failed"), (failed.Failure, failed.Status, failed.Message));
        Assert.Contains("on purpose", Encoding.UTF8.GetString(failed.Log.Span), StringComparison.Ordinal);
        var next = await agent.InvokeAsync(FunctionStand.Call(function), Cancel);
        Assert.Equal(failed.Handle, next.Handle);
    }

    [Theory]
    [InlineData("crash", 0, InvocationFailure.StartFailed, 502, "dying")]
    [InlineData("hang", 0.7, InvocationFailure.StartTimedOut, 504, "waiting")]
    [InlineData("link", 0, InvocationFailure.StartFailed, 502, "no name in its directory")]
    [InlineData("file", 0, InvocationFailure.StartFailed, 502, "no socket")]
    [InlineData("dangling", 0, InvocationFailure.StartFailed, 502, "leads to nothing")]
    public async Task Should_refuse_what_does_not_become_ready(string image, double seconds, InvocationFailure failure, int status, string log)
    {
        var agent = stand.Agent(options => options.StartTimeout = seconds > 0 ? TimeSpan.FromSeconds(seconds) : options.StartTimeout);
        var outcome = await agent.InvokeAsync(FunctionStand.Call(FunctionStand.Function(image)), Cancel);

        Assert.Equal((failure, status), (outcome.Failure, outcome.Status));
        Assert.Contains(log, Encoding.UTF8.GetString(outcome.Log.Span), StringComparison.Ordinal);
        Assert.Null(outcome.StartedAt);
        await Wait.UntilAsync(() => Task.FromResult(agent.Capacity is { UsedMemoryMiB: 0, Starting: 0 }), "given back");
    }

    [Theory]
    [InlineData("HTTP/1.1 500 Bad\r\nContent-Length: 0\r\n\r\n", InvocationFailure.InvalidResponse)]
    [InlineData("HTTP/1.1 204 None\r\n\r\n", InvocationFailure.InvalidResponse)]
    [InlineData("SMTP ready\r\n\r\n", InvocationFailure.InvalidResponse)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", InvocationFailure.InvalidResponse)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", InvocationFailure.ResponseTooLarge)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", InvocationFailure.InvalidResponse)]
    [InlineData("HTTP/1.1 504 Late\r\nContent-Length: 0\r\n\r\n", InvocationFailure.FunctionTimedOut)]
    public async Task Should_name_what_is_wrong_with_an_answer(string answer, InvocationFailure failure)
    {
        var agent = stand.Agent(options => options.MaxResponseBytes = 4096);
        var outcome = await agent.InvokeAsync(FunctionStand.Call(FunctionStand.Function("raw"), new { answer }), Cancel);
        Assert.Equal(failure, outcome.Failure);
        Assert.Equal(HotContainer.IsSpoiled(failure) ? 0 : 1, agent.Capacity.Idle);
    }

    [Fact]
    public async Task Should_read_any_good_answer()
    {
        var agent = stand.Agent(options => options.MaxResponseHeaderBytes = 1024);
        var function = FunctionStand.Function("raw") with { FnId = "raw-good" };
        string[] answers =
        [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: z\r\n\r\n",
        ];
        foreach (var answer in answers)
        {
            var outcome = await agent.InvokeAsync(FunctionStand.Call(function, new { answer }), Cancel);
            Assert.Equal("hello", Encoding.UTF8.GetString(outcome.Body.Span));
        }

        var toEnd = await agent.InvokeAsync(FunctionStand.Call(function, new { answer = "HTTP/1.0 200 OK\r\n\r\nhello", end = true }), Cancel);
        Assert.Equal("hello", Encoding.UTF8.GetString(toEnd.Body.Span));
        var large = await agent.InvokeAsync(FunctionStand.Call(function, new { answer = $"HTTP/1.1 200 OK\r\nX: {new string('x', 2000)}\r\nContent-Length: 0\r\n\r\n" }), Cancel);
        Assert.Equal(InvocationFailure.ResponseHeaderTooLarge, large.Failure);
        var closed = await agent.InvokeAsync(FunctionStand.Call(function, new { close = true }), Cancel);
        Assert.Equal(InvocationFailure.BadExit, closed.Failure);
    }

    [Fact]
    public async Task Should_refuse_an_answer_of_the_fdk_that_is_too_large()
    {
        var agent = stand.Agent(options => options.MaxResponseBytes = 100_000);
        var outcome = await agent.InvokeAsync(FunctionStand.Call(Probe with { FnId = "large" }, new { @do = "big", bytes = 200_000 }), Cancel);
        Assert.Equal((InvocationFailure.ResponseTooLarge, 502, "function response body too large"), (outcome.Failure, outcome.Status, outcome.Message));
        Assert.Null((await agent.InvokeAsync(FunctionStand.Call(Probe with { FnId = "large" }, new { @do = "big", bytes = 90_000 }), Cancel)).Failure);
    }

    [Fact]
    public async Task Should_keep_the_log_of_each_call_up_to_its_limit()
    {
        var agent = stand.Agent(options => options.MaxLogBytes = 20_000);
        var function = Probe with { FnId = "talks" };

        var first = await agent.InvokeAsync(FunctionStand.Call(function, new { @do = "log", text = "one line" }), Cancel);
        var second = await agent.InvokeAsync(FunctionStand.Call(function, new { @do = "log", text = new string('x', 99), times = 3000 }), Cancel);
        var third = await agent.InvokeAsync(FunctionStand.Call(function), Cancel);

        Assert.Equal(["one line", "to stderr"], Encoding.UTF8.GetString(first.Log.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.EndsWith("\n-----max log size 20000 bytes exceeded, truncating log-----\n", Encoding.UTF8.GetString(second.Log.Span), StringComparison.Ordinal);
        Assert.InRange(second.Log.Length, 20_000, 20_100);
        Assert.Equal(0, third.Log.Length);
    }

    [Fact]
    public async Task Should_end_what_idles_too_long()
    {
        var agent = stand.Agent();
        await agent.InvokeAsync(FunctionStand.Call(Probe with { FnId = "idles", IdleTimeout = TimeSpan.FromMilliseconds(300) }), Cancel);
        await Wait.UntilAsync(
            async () =>
            {
                await agent.TidyAsync();
                return agent.Capacity is { Idle: 0, UsedMemoryMiB: 0 };
            },
            "ended");
    }

    [Fact]
    public async Task Should_end_idle_functions_for_others_and_say_that_it_is_too_busy_when_none_idles()
    {
        var agent = stand.Agent(options => options.MemoryMiB = 300);
        FunctionSpec[] functions = [.. Enumerable.Range(0, 3).Select(n => Probe with { FnId = $"room-{n}" })];
        await agent.InvokeAsync(FunctionStand.Call(functions[0]), Cancel);
        var kept = await agent.InvokeAsync(FunctionStand.Call(functions[1]), Cancel);
        Assert.Null(agent.TryClaim(Probe with { FnId = "huge", MemoryMiB = 301 }));

        Assert.Null((await agent.InvokeAsync(FunctionStand.Call(functions[2]), Cancel)).Failure);
        Assert.Equal(kept.Handle, (await agent.InvokeAsync(FunctionStand.Call(functions[1]), Cancel)).Handle);

        using var end = new CancellationTokenSource();
        var busy = functions[1..].Select(function => agent.InvokeAsync(FunctionStand.Call(function, new { @do = "sleep", ms = 600_000 }), end.Token)).ToList();
        await Wait.UntilAsync(() => Task.FromResult(agent.Capacity.Busy == 2), "busy");
        var refused = await agent.InvokeAsync(FunctionStand.Call(functions[0]) with { PlacementBudget = TimeSpan.FromMilliseconds(200) }, Cancel);
        Assert.Equal((InvocationFailure.TooBusy, 503, "Timed out - server too busy"), (refused.Failure, refused.Status, refused.Message));
        Assert.Null(agent.TryClaim(functions[0]));
        await end.CancelAsync();
        await Task.WhenAll(busy);

        SlotClaim? claimed = null;
        await Wait.UntilAsync(() => Task.FromResult((claimed = agent.TryClaim(functions[0])) is not null), "claimed");
        using var claim = claimed;
        Assert.Null((await agent.InvokeAsync(FunctionStand.Call(functions[0]) with { Claim = claim }, Cancel)).Failure);
        Assert.Equal(400, (await agent.InvokeAsync(FunctionStand.Call(Probe with { MemoryMiB = 301 }), Cancel)).Status);
    }

    [Fact]
    public async Task Should_not_run_what_is_refused_at_the_last_moment()
    {
        var agent = stand.Agent();
        var function = Probe with { FnId = "refused" };
        var refused = await agent.InvokeAsync(FunctionStand.Call(function) with { OnStart = (_, _) => ValueTask.FromResult(false) }, Cancel);
        Assert.Equal(InvocationFailure.Refused, refused.Failure);
        await Assert.ThrowsAsync<TimeoutException>(() => agent.InvokeAsync(FunctionStand.Call(function) with { OnStart = (_, _) => throw new TimeoutException() }, Cancel));
        Assert.Equal(1, Answer(await agent.InvokeAsync(FunctionStand.Call(function), Cancel)).GetProperty("calls").GetInt32());
    }

    [Fact]
    public async Task Should_wall_functions_off()
    {
        var agent = stand.Agent();
        FunctionSpec[] functions = [Probe with { FnId = "walls-a" }, Probe with { FnId = "walls-b" }];
        using var tcp = new TcpListener(IPAddress.Loopback, 0);
        tcp.Start();
        var path = $"{stand.Home}/ours.sock";
        using var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        unix.Bind(new UnixDomainSocketEndPoint(path));
        unix.Listen();
        using var anonymous = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        anonymous.Bind(new UnixDomainSocketEndPoint($"\0{path}"));
        anonymous.Listen();
        await File.WriteAllTextAsync($"{stand.Home}/ours.txt", "ours", Cancel);

        async Task<JsonElement> Ask(object input) => Answer(await agent.InvokeAsync(FunctionStand.Call(functions[0], input), Cancel));
        foreach (var to in (object[])[new { host = "127.0.0.1", port = ((IPEndPoint)tcp.LocalEndpoint).Port }, new { path }, new { path = $"\0{path}" }, new { host = "192.0.2.1", port = 80 }])
            Assert.NotEqual(JsonValueKind.Undefined, (await Ask(new { @do = "connect", to })).GetProperty("error").ValueKind);
        foreach (var file in (string[])[$"{stand.Home}/ours.txt", $"{stand.Images}/raw/1/func.js", "/etc/shadow", Path.Combine(Local.Servers.Checkout.Root, "global.json"), $"/proc/{Environment.ProcessId}/environ"])
            Assert.True((await Ask(new { @do = "read", path = file })).TryGetProperty("error", out _), file);
        foreach (var file in (string[])["/function/x", "/usr/x", "/etc/x", "/x"])
            Assert.True((await Ask(new { @do = "write", path = file })).TryGetProperty("error", out _), file);
        Assert.True((await Ask(new { @do = "kill", pid = Environment.ProcessId })).TryGetProperty("error", out _));
        Assert.True((await Ask(new { @do = "write", path = "/tmp/x" })).TryGetProperty("ok", out _));
        Assert.Equal("ENOSPC", (await Ask(new { @do = "write", path = "/tmp/large", bytes = 70 << 20 })).GetProperty("error").GetString());

        var who = await Ask(new { @do = "who" });
        Assert.NotEqual(0, who.GetProperty("uid").GetInt32());
        Assert.InRange(who.GetProperty("pids").GetInt32(), 1, 4);
        var status = who.GetProperty("status").GetString()!;
        Assert.Contains("NoNewPrivs:\t1", status, StringComparison.Ordinal);
        Assert.Contains("CapEff:\t0000000000000000", status, StringComparison.Ordinal);
        Assert.Contains("CapBnd:\t0000000000000000", status, StringComparison.Ordinal);
        // SIGHUP, SIGINT, SIGTERM and SIGCHLD, which a worker's parent may ignore; Node itself ignores SIGPIPE.
        Assert.Equal(0L, Convert.ToInt64(status.Split("SigIgn:\t")[1].Split('\n')[0], 16) & 0x14003);

        var other = Answer(await agent.InvokeAsync(FunctionStand.Call(functions[1], new { @do = "read", path = "/tmp/x" }), Cancel));
        Assert.Equal("ENOENT", other.GetProperty("error").GetString());
        var sockets = Answer(await agent.InvokeAsync(FunctionStand.Call(functions[1], new { @do = "list", path = "/tmp/iofs" }), Cancel)).GetProperty("ok");
        Assert.Equal(2, sockets.GetArrayLength());
    }

    [Fact]
    public async Task Should_let_running_calls_finish_and_refuse_others_when_it_drains()
    {
        var agent = stand.Agent();
        var begun = new TaskCompletionSource();
        var running = agent.InvokeAsync(
            FunctionStand.Call(Probe with { FnId = "drains" }, new { @do = "sleep", ms = 500 }) with
            {
                OnStart = (_, _) =>
                {
                    begun.SetResult();
                    return ValueTask.FromResult(true);
                },
            },
            Cancel);
        await begun.Task.WaitAsync(Wait.Patience, Cancel);

        await agent.DrainAsync(Cancel);

        Assert.Null((await running).Failure);
        Assert.Equal(InvocationFailure.Fenced, (await agent.InvokeAsync(FunctionStand.Call(Probe), Cancel)).Failure);
        Assert.Equal(0, agent.Capacity.UsedMemoryMiB);
    }

    [Fact]
    public async Task Should_kill_what_runs_when_it_is_fenced_and_go_on_afterwards()
    {
        var agent = stand.Agent();
        var begun = new TaskCompletionSource();
        var running = agent.InvokeAsync(
            FunctionStand.Call(Probe with { FnId = "fenced" }, new { @do = "sleep", ms = 600_000 }) with
            {
                OnStart = (_, _) =>
                {
                    begun.SetResult();
                    return ValueTask.FromResult(true);
                },
            },
            Cancel);
        await Task.WhenAny(begun.Task, running).WaitAsync(Wait.Patience, Cancel);
        Assert.True(begun.Task.IsCompleted, running.IsCompleted ? $"It ended before it began: {await running}" : "It has not begun.");

        await agent.FenceAsync();

        Assert.Equal(InvocationFailure.Fenced, (await running).Failure);
        agent.Resume();
        Assert.Null((await agent.InvokeAsync(FunctionStand.Call(Probe), Cancel)).Failure);
    }

    /// <summary>What the caller of a function without an image is answered.</summary>
    protected virtual int StatusWithoutImage => 404;

    [Theory]
    [InlineData("nothing:1", true)]
    [InlineData("probe:../../x", false)]
    [InlineData("../probe:1", false)]
    public async Task Should_refuse_an_image_that_is_not_there(string image, bool isName)
    {
        var agent = stand.Agent();
        var outcome = await agent.InvokeAsync(FunctionStand.Call(Probe with { Image = image }), Cancel);
        Assert.Equal(InvocationFailure.Image, outcome.Failure);
        Assert.Equal(isName ? StatusWithoutImage : 400, outcome.Status);
        Assert.Equal(0, agent.Capacity.UsedMemoryMiB);
    }

    [Fact]
    public async Task Should_be_certain_of_the_death_of_what_it_is_asked_to_kill()
    {
        var agent = stand.Agent();
        var outcome = await agent.InvokeAsync(FunctionStand.Call(Probe with { FnId = "doomed" }), Cancel);
        await stand.Runtime.EnsureDeadAsync(outcome.Handle!, Cancel);
        await stand.Runtime.EnsureDeadAsync(outcome.Handle!, Cancel);
        Assert.DoesNotContain(await stand.Runtime.ListAsync(ContainerPurposes.Function, Cancel), found => found.Handle == outcome.Handle && found.IsRunning);
        Assert.NotEqual(outcome.Handle, (await agent.InvokeAsync(FunctionStand.Call(Probe with { FnId = "doomed" }), Cancel)).Handle);
    }

    [Fact]
    public async Task Should_remove_what_a_dead_worker_left_and_nothing_of_the_living()
    {
        var living = await stand.Agent().InvokeAsync(FunctionStand.Call(Probe with { FnId = "of-the-living" }), Cancel);
        // A worker that is no more: no process has had this id at this time.
        var dead = stand.RuntimeOf(new RuntimeIdentity(new ProcessHandle(Environment.ProcessId, 1)));
        var left = await dead.StartAsync(
            new ContainerSpec { Id = $"left-{Guid.CreateVersion7():N}", Purpose = ContainerPurposes.Function, Image = "hang:1", MemoryMiB = 32, Environment = new Dictionary<string, string>() }, Cancel);
        Assert.Contains(await stand.Runtime.ListAsync(ContainerPurposes.Function, Cancel), found => found.Handle == left.Handle && found is { IsRunning: true, OwnerIsAlive: false });

        await stand.Runtime.ReapAsync(ContainerPurposes.Function, Cancel);

        var after = await stand.Runtime.ListAsync(ContainerPurposes.Function, Cancel);
        Assert.DoesNotContain(after, found => found.Handle == left.Handle);
        Assert.Contains(after, found => found.Handle == living.Handle && found.IsRunning);
        await left.Exit.WaitAsync(Wait.Patience, Cancel);
        (dead as IDisposable)?.Dispose();
    }

    private static JsonElement Answer(InvocationOutcome outcome)
    {
        Assert.True(outcome.Failure is null, $"{outcome.Failure}: {Encoding.UTF8.GetString(outcome.Log.Span)}");
        return JsonElement.Parse(outcome.Body.Span);
    }
}
