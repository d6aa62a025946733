using System.Text.Json;
using Orchestrator.Tests.Infrastructure;

namespace Orchestrator.Tests.Instances;

/// <summary>Whatever fails on the way to running, nothing is left of it: the test lists what there is before and after.</summary>
public sealed class When_a_step_of_provisioning_fails(Servers servers)
{
    [Fact]
    public async Task Should_leave_nothing_over()
    {
        var directory = Directory.CreateTempSubdirectory("orchestrator-");
        // Short, for sockets; of this test alone, so that what is left can be listed.
        await using var fleet = await Fleet.StartAllAsync(
            servers, "short", ("Instances__PlacementDeadline", "00:00:01"), ("Instances__HealthDeadline", "00:00:01"), ("Instances__StopDeadline", "00:00:05"),
            ("Runtimes__Directory", directory.FullName), ("Runtimes__CgroupParent", $"orchestrator-test/{directory.Name}"), ("Node__MilliCpus", "2000"), ("Node__MemoryMiB", "1000"));
        try
        {
            // The first one makes what stays for all.
            await FailAsync(fleet, """{"command":["/bin/false"]}""", "exited");
            var before = await WhatThereIsAsync(fleet, directory);
            Assert.DoesNotContain(before, entry => entry.StartsWith("claim", StringComparison.Ordinal));

            // Placement: a large one takes more memory than the node has.
            await FailAsync(fleet, """{"command":["/bin/sleep","300"]}""", "no_room", "large");
            // Start: no such image, no such program.
            await FailAsync(fleet, """{"image":"no/such:image"}""", "start_failed");
            await FailAsync(fleet, """{"command":["/no/such/program"]}""", "exited");
            // Health: it never listens; it ends while it is looked at.
            await FailAsync(fleet, """{"command":["/bin/sh","-c","trap '' TERM; sleep 300 & sleep 300"],"ports":[80],"healthCheck":{"type":"tcp"}}""", "health_deadline");
            await FailAsync(fleet, """{"command":["/bin/sh","-c","sleep 0.3; exit 1"],"ports":[80,81],"healthCheck":{"type":"http"}}""", "exited");
            // Somebody changes their mind on the way.
            await EndWhileStartingAsync(fleet);

            await Wait.UntilAsync(async () => (await WhatThereIsAsync(fleet, directory)).SequenceEqual(before), "as before");

            // The worker dies on the way: the next one cleans up, and says that it was lost.
            var app = await AddAsync(fleet, """{"command":["/bin/sleep","300"],"ports":[80],"healthCheck":{"type":"tcp"}}""");
            var (_, body) = await fleet.AskAsync("POST", $"/api/v1/apps/{app}/instances", """{"instanceType":"small"}""");
            var guid = body.GetProperty("guid").GetGuid();
            await Wait.UntilAsync(() => Task.FromResult(Fleet.ProcessesOf(guid).Count > 0), "starting");
            await fleet.Api.KillAsync();
            await fleet.Api.RestartAsync();
            await fleet.UntilAsync(body.GetProperty("id").GetInt64(), "failed", patience: TimeSpan.FromSeconds(60));
            await Wait.UntilAsync(async () => (await WhatThereIsAsync(fleet, directory)).SequenceEqual(before), "as before", TimeSpan.FromSeconds(60));
            Assert.Empty(Fleet.ProcessesOf(guid));
        }
        finally
        {
            await fleet.Api.StopAsync();
            directory.Delete(recursive: true);
        }
    }

    private static async Task<long> AddAsync(Fleet fleet, string app)
    {
        var json = $"{{\"name\":\"a{Guid.CreateVersion7():N}\",\"graceSeconds\":0.2,\"restartPolicy\":{{\"mode\":\"no\"}},{app[1..]}";
        var (status, body) = await fleet.AskAsync("POST", "/api/v1/apps", json);
        Assert.True(status == 201, body.GetRawText());
        return body.GetProperty("id").GetInt64();
    }

    private static async Task FailAsync(Fleet fleet, string app, string reason, string type = "small")
    {
        var id = await AddAsync(fleet, app);
        var (_, body) = await fleet.AskAsync("POST", $"/api/v1/apps/{id}/instances", $$"""{"instanceType":"{{type}}"}""");
        var instance = body.GetProperty("id").GetInt64();
        await fleet.UntilAsync(instance, "failed", reason, TimeSpan.FromSeconds(60));
        await Wait.UntilAsync(() => Task.FromResult(Fleet.ProcessesOf(body.GetProperty("guid").GetGuid()).Count == 0), "dead");
    }

    private static async Task EndWhileStartingAsync(Fleet fleet)
    {
        var app = await AddAsync(fleet, """{"command":["/bin/sleep","300"],"ports":[80],"healthCheck":{"type":"tcp"}}""");
        var (_, body) = await fleet.AskAsync("POST", $"/api/v1/apps/{app}/instances", """{"instanceType":"small"}""");
        Assert.Equal(1, (await fleet.AskAsync("POST", $"/api/v1/apps/{app}/instances/terminate")).Body.GetProperty("terminated").GetInt32());
        await fleet.UntilAsync(body.GetProperty("id").GetInt64(), "terminated");
    }

    private static async Task<IReadOnlyList<string>> WhatThereIsAsync(Fleet fleet, DirectoryInfo directory)
    {
        var found = new List<string>();
        var entries = directory.EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Select(entry => entry.FullName).ToList();

        // A worker has one file of its own, by its number.
        var ofWorkers = entries.Where(entry => entry.StartsWith($"{directory.FullName}/begun/", StringComparison.Ordinal) && File.Exists(entry)).ToList();
        found.Add($"workers {ofWorkers.Count}");
        found.AddRange(entries.Except(ofWorkers, StringComparer.Ordinal).Select(entry => $"file {entry}"));
        found.AddRange(Cgroups(directory.Name).Select(path => $"cgroup {path}"));
        await using var command = fleet.Place.Source.CreateCommand("SELECT instance || ' ' || ports::text FROM placement");
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
            found.Add($"claim {reader.GetString(0)}");
        var instances = await fleet.CountAsync("is_placed");
        found.Add($"placed {JsonSerializer.Serialize(instances)}");
        return [.. found.Order(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Cgroups(string name)
    {
        foreach (var root in Directory.EnumerateDirectories("/sys/fs/cgroup").Prepend("/sys/fs/cgroup"))
        {
            var path = Path.Combine(root, "orchestrator-test", name);
            if (Directory.Exists(path))
            {
                foreach (var cgroup in Directory.EnumerateDirectories(path, "*", SearchOption.AllDirectories))
                    yield return cgroup;
            }
        }
    }
}
