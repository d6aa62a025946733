using Orchestrator.Contracts.Clones;
using Orchestrator.Tests.Infrastructure;
using Orchestrator.Workers.Clones;

namespace Orchestrator.Tests.Clones;

/// <summary>Delete while it is made, reset while it is deleted, answers that come late: one thing at a time, and the last word holds.</summary>
[Collection(nameof(SharedClones))]
public sealed class When_works_on_a_clone_meet(SharedClones shared)
{
    [Fact]
    public async Task Should_end_in_the_one_state_that_was_asked_for_last()
    {
        var control = shared.Control;
        try
        {
            await DeletedWhileCreatedAsync(control);
            await DeletedWhileResetAsync(control);
            await DeletedTwiceAsync(control);
            await LateAnswersAsync(control);
            await FailuresAsync(control);
        }
        finally
        {
            control.Storage.Before = _ => Task.CompletedTask;
        }
    }

    private static async Task DeletedWhileCreatedAsync(CloneControl control)
    {
        var held = Hold(control, "create");
        Assert.Equal(201, (await control.AskAsync("POST", "/clone", CloneControl.Request("half"))).Status);
        var key = await control.KeyOfAsync("half");
        await Wait.UntilAsync(() => Task.FromResult(control.Storage.Calls.Contains("create")), "being created");
        Assert.Equal((409, "WRONG_STATE"), Refusal(await control.AskAsync("POST", "/clone/half/reset")));
        Assert.Equal(200, (await control.AskAsync("DELETE", "/clone/half")).Status);
        await control.UntilGoneAsync("half");
        held.SetResult();
        // The creation that ends now has nothing to say any more.
        await Wait.UntilAsync(() => control.Place.ScalarAsync<bool>("SELECT NOT EXISTS (SELECT FROM outbox)"), "published");
        Assert.Equal(404, (await control.AskAsync("GET", "/clone/half")).Status);
        Assert.DoesNotContain(((ICloneHost)control.Storage).List(), clone => clone.CloneId == key);
    }

    private static async Task DeletedWhileResetAsync(CloneControl control)
    {
        await control.CreateAsync("reset");
        var held = Hold(control, "reset");
        Assert.Equal(200, (await control.AskAsync("POST", "/clone/reset/reset", """{"latest":true}""")).Status);
        Assert.Equal("RESETTING", (await control.AskAsync("GET", "/clone/reset")).Body.GetProperty("status").GetProperty("code").GetString());
        Assert.Equal((409, "WRONG_STATE"), Refusal(await control.AskAsync("POST", "/clone/reset/reset")));
        Assert.Equal(200, (await control.AskAsync("DELETE", "/clone/reset")).Status);
        held.SetResult();
        await control.UntilGoneAsync("reset");
    }

    private static async Task DeletedTwiceAsync(CloneControl control)
    {
        await control.CreateAsync("twice");
        var held = Hold(control, "delete");
        Assert.Equal(200, (await control.AskAsync("DELETE", "/clone/twice")).Status);
        // Visible until its storage is free, and its id is not given away.
        Assert.Equal(200, (await control.AskAsync("DELETE", "/clone/twice")).Status);
        Assert.Equal("DELETING", (await control.AskAsync("GET", "/clone/twice")).Body.GetProperty("status").GetProperty("code").GetString());
        Assert.Equal((409, "WRONG_STATE"), Refusal(await control.AskAsync("POST", "/clone/twice/reset")));
        Assert.Equal((409, "WRONG_STATE"), Refusal(await control.AskAsync("PATCH", "/clone/twice", """{"name":"x"}""")));
        Assert.Equal((409, "CLONE_EXISTS"), Refusal(await control.AskAsync("POST", "/clone", CloneControl.Request("twice"))));
        held.SetResult();
        await control.UntilGoneAsync("twice");
        Assert.Equal(1, await control.Place.ScalarAsync<long>("SELECT count(*) FROM resource_event WHERE kind = 'clone' AND key = 'twice' AND what = 'deletion requested'"));
    }

    private static async Task LateAnswersAsync(CloneControl control)
    {
        await control.CreateAsync("late");
        var key = await control.KeyOfAsync("late");
        const string handled = "SELECT count(*) FROM inbox WHERE consumer = 'clone'";
        var before = await control.Place.ScalarAsync<long>(handled);
        await control.PublishAsync(new CloneRemoved { CloneId = key, Attempt = 1 });
        await control.PublishAsync(new CloneBuildFailed { CloneId = key, Attempt = 0, Code = "X", Detail = "of long ago" });
        await control.PublishAsync(new CloneDeadlinePassed { CloneId = key, Attempt = 1 });
        await control.PublishAsync(new CloneDue { CloneId = key, DeleteAt = DateTimeOffset.UnixEpoch });
        await Wait.UntilAsync(async () => await control.Place.ScalarAsync<long>(handled) >= before + 4, "handled");
        Assert.Equal("OK", (await control.AskAsync("GET", "/clone/late")).Body.GetProperty("status").GetProperty("code").GetString());

        // Its Postgres gives up for good: fatal with the reason, and nothing of it stays.
        control.Storage.Fail(key, "the data is damaged");
        var fatal = await control.UntilAsync("late", "FATAL");
        Assert.Contains("the data is damaged", fatal.GetProperty("status").GetProperty("message").GetString(), StringComparison.Ordinal);
        await Wait.UntilAsync(() => Task.FromResult(((ICloneHost)control.Storage).List().All(clone => clone.CloneId != key)), "freed");
        Assert.Equal(200, (await control.AskAsync("DELETE", "/clone/late")).Status);
        await control.UntilGoneAsync("late");
    }

    private static async Task FailuresAsync(CloneControl control)
    {
        control.Storage.Before = what => what is "create" ? throw new CloneFailedException("NO_FREE_PORT", "Every port is taken.", "Delete one.") : Task.CompletedTask;
        var fatal = await control.CreateAsync("fails", "FATAL");
        Assert.Equal("NO_FREE_PORT: Every port is taken. Delete one.", fatal.GetProperty("status").GetProperty("message").GetString());
        // What may pass is tried again.
        var failures = 2;
        control.Storage.Before = what => what is "create" && failures-- > 0 ? throw new IOException("the disk hiccups") : Task.CompletedTask;
        await control.CreateAsync("hiccup");
        control.Storage.Before = what => what is "reset" ? throw new CloneFailedException("POSTGRES_FAILED", "It does not start.") : Task.CompletedTask;
        Assert.Equal(200, (await control.AskAsync("POST", "/clone/hiccup/reset")).Status);
        await control.UntilAsync("hiccup", "FATAL");
    }

    private static TaskCompletionSource Hold(CloneControl control, string work)
    {
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        control.Storage.Calls.Clear();
        control.Storage.Before = what => what == work ? held.Task : Task.CompletedTask;
        return held;
    }

    private static (int Status, string? Code) Refusal((int Status, System.Text.Json.JsonElement Body) answer) =>
        (answer.Status, answer.Body.TryGetProperty("code", out var code) ? code.GetString() : null);
}
