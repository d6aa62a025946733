using System.Text.Json.Serialization;
using Orchestrator.Api.Auth;
using Orchestrator.Api.Http.OpenApi;
using Orchestrator.Sagas.Calls;

namespace Orchestrator.Api.Calls;

/// <summary>A schedule as it is shown.</summary>
public sealed record FnScheduleBody
{
    public required string Id { get; init; }
    public required string Name { get; init; }

    [JsonPropertyName("app_id")]
    public required string AppId { get; init; }

    [JsonPropertyName("fn_id")]
    public required string FnId { get; init; }

    public required string Cron { get; init; }

    [JsonPropertyName("time_zone")]
    public required string TimeZone { get; init; }

    public required string Payload { get; init; }

    [JsonPropertyName("payload_encoding")]
    public string? PayloadEncoding { get; init; }

    [JsonPropertyName("content_type")]
    public string? ContentType { get; init; }

    public required int Priority { get; init; }

    [JsonPropertyName("max_retries")]
    public required int MaxRetries { get; init; }

    [JsonPropertyName("retry_delay")]
    public required int RetryDelay { get; init; }

    public required bool Paused { get; init; }

    /// <summary>When it invokes next; absent when paused or never again.</summary>
    [JsonPropertyName("next_at")]
    public DateTimeOffset? NextAt { get; init; }

    [JsonPropertyName("created_at")]
    public required DateTimeOffset CreatedAt { get; init; }

    [JsonPropertyName("updated_at")]
    public required DateTimeOffset UpdatedAt { get; init; }

    public static FnScheduleBody Of(FnSchedule schedule)
    {
        var (payload, encoding) = CallText.Of(schedule.Payload);
        return new FnScheduleBody
        {
            Id = schedule.Id,
            Name = schedule.Name,
            AppId = schedule.AppId,
            FnId = schedule.FnId,
            Cron = schedule.Cron,
            TimeZone = schedule.TimeZone,
            Payload = payload ?? "",
            PayloadEncoding = encoding,
            ContentType = schedule.ContentType,
            Priority = schedule.Priority,
            MaxRetries = schedule.MaxRetries,
            RetryDelay = schedule.RetryDelay,
            Paused = schedule.IsPaused,
            NextAt = schedule.NextAt,
            CreatedAt = schedule.CreatedAt,
            UpdatedAt = schedule.UpdatedAt,
        };
    }
}

/// <summary>Fns that are invoked by the clock.</summary>
public static class FnScheduleEndpoints
{
    private const char Separator = '\n';
    private const string AnId = "01CVTX7D8YNG8G00GZJ0000001";
    private const string One = $$"""{"id":"{{AnId}}","name":"nightly","app_id":"{{AnId}}","fn_id":"{{AnId}}","cron":"0 3 * * *","time_zone":"Europe/Berlin","payload":"{}","content_type":"application/json","priority":0,"max_retries":2,"retry_delay":60,"paused":false,"next_at":"2026-11-22T02:00:00.000Z","created_at":"2026-11-21T12:00:00.000Z","updated_at":"2026-11-21T12:00:00.000Z"}""";

    private static readonly Dictionary<string, string> SchedulePath = new(StringComparer.Ordinal) { ["scheduleId"] = AnId };

    private static readonly FnError[] Rules =
    [
        FnErrors.InvalidJson, FnSchedules.PayloadInvalid, FnSchedules.ContentTypeInvalid, FnSchedules.PriorityRange, FnSchedules.RetriesRange,
        FnSchedules.RetryDelayRange, new(400, "cron is invalid: ..."),
    ];

    public static void MapFnSchedules(this RouteGroupBuilder v2)
    {
        var schedules = v2.MapGroup("/schedules").WithTags("Function schedules");
        schedules.MapGet("", ListAsync).WithName("ListFnSchedules").Describe(new Doc("List schedules", "Of an app or of a fn, by name.")
        {
            Parameters =
            [
                new("app_id", DocType.Text, "The app.") { Example = AnId }, new("fn_id", DocType.Text, "The fn.") { Example = AnId },
                new("name", DocType.Text, "Only those with this name.") { Example = "nightly" },
                new("cursor", DocType.Text, "Where the page before ended; as that page gave it."),
                new("per_page", DocType.Text, "Entries in the page, at most 100. Default: 30.") { Example = "30" },
            ],
            Answers = [new(200, "A page of schedules.", typeof(FnList<FnScheduleBody>), $$"""{"items":[{{One}}]}""")],
            Messages = [FnSchedules.MissingFilter, FnErrors.InvalidCursor],
        });
        schedules.MapPost("", CreateAsync).WithName("CreateFnSchedule").Describe(new Doc(
            "Make a schedule",
            "Invokes a fn asynchronously by a cron expression: five fields as in a crontab, or six or seven as Quartz has them, seconds first. Times that were missed while nothing ran are made up for by one call.")
        {
            Body = new(typeof(FnScheduleChange), $$"""{"name":"nightly","fn_id":"{{AnId}}","cron":"0 3 * * *","time_zone":"Europe/Berlin","payload":"{}","content_type":"application/json"}"""),
            Answers = [new(200, "The schedule.", typeof(FnScheduleBody), One)],
            Messages = [FnSchedules.IdProvided, FnSchedules.MissingFnId, FnSchedules.MissingName, FnSchedules.NameTooLong, FnSchedules.NameInvalid, FnSchedules.MissingCron, .. Rules, FnErrors.FnNotFound, FnSchedules.Exists],
            IsIdempotent = true,
        });
        schedules.MapGet("/{scheduleId}", ReadAsync).WithName("GetFnSchedule").Describe(new Doc("Read a schedule")
        {
            PathExamples = SchedulePath,
            Answers = [new(200, "The schedule.", typeof(FnScheduleBody), One)],
            Messages = [FnSchedules.NotFound],
        });
        schedules.MapPut("/{scheduleId}", UpdateAsync).WithName("UpdateFnSchedule").Describe(new Doc("Change a schedule", "What is absent stays; a new name is ignored.")
        {
            PathExamples = SchedulePath,
            Body = new(typeof(FnScheduleChange), """{"paused":true}"""),
            Answers = [new(200, "The schedule as it is now.", typeof(FnScheduleBody), One)],
            Messages = [FnSchedules.IdMismatch, .. Rules, FnSchedules.NotFound, FnSchedules.FnImmutable],
        });
        schedules.MapDelete("/{scheduleId}", DeleteAsync).WithName("DeleteFnSchedule").Describe(new Doc("Delete a schedule")
        {
            PathExamples = SchedulePath,
            Answers = [new(204, "It is gone.")],
            Messages = [FnSchedules.NotFound],
        });
    }

    private static async Task<IResult> ListAsync(HttpRequest request, FnSchedules schedules, CancellationToken cancellationToken)
    {
        var (appId, fnId) = (request.Query["app_id"].ToString(), request.Query["fn_id"].ToString());
        if (appId.Length + fnId.Length == 0)
            throw new FnException(FnSchedules.MissingFilter);
        var size = FnRequests.PageSize(request);
        var after = FnRequests.After(request).Split(Separator, 2);
        var page = await schedules.ListAsync(appId, fnId, request.Query["name"], (after[0], after is [_, var id] ? id : ""), size, cancellationToken);
        return FnRequests.Page([.. page.Select(FnScheduleBody.Of)], size, schedule => $"{schedule.Name}{Separator}{schedule.Id}");
    }

    private static async Task<IResult> CreateAsync(HttpContext http, FnRequests requests, FnSchedules schedules, CancellationToken cancellationToken)
    {
        var change = await FnRequests.ReadAsync<FnScheduleChange>(http);
        return await requests.ChangeAsync(http, transaction => schedules.CreateAsync(transaction, change, http.Actor(), cancellationToken), FnScheduleBody.Of);
    }

    private static async Task<IResult> ReadAsync(string scheduleId, FnSchedules schedules, CancellationToken cancellationToken) =>
        FnRequests.Ok(FnScheduleBody.Of(await schedules.ReadAsync(scheduleId, cancellationToken)));

    private static async Task<IResult> UpdateAsync(
        string scheduleId, HttpContext http, FnRequests requests, FnSchedules schedules, CancellationToken cancellationToken)
    {
        await schedules.ReadAsync(scheduleId, cancellationToken);
        var change = await FnRequests.ReadAsync<FnScheduleChange>(http);
        return await requests.ChangeAsync(http, transaction => schedules.UpdateAsync(transaction, scheduleId, change, http.Actor(), cancellationToken), FnScheduleBody.Of);
    }

    private static Task<IResult> DeleteAsync(
        string scheduleId, HttpContext http, FnRequests requests, FnSchedules schedules, CancellationToken cancellationToken) =>
        requests.ChangeAsync(
            http,
            async transaction =>
            {
                await schedules.DeleteAsync(transaction, scheduleId, http.Actor(), cancellationToken);
                return scheduleId;
            },
            _ => null);
}
