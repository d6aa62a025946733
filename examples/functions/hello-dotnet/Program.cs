using System.Text.Json;
using HelloFunction;
using Orchestrator.Fdk;

return await Function.RunAsync(async (call, cancellationToken) =>
{
    var greeting = call.Body.Length == 0 ? null : JsonSerializer.Deserialize<Greeting>(call.Body.Span, JsonSerializerOptions.Web);
    Console.WriteLine($"call {call.Id}: greeting {greeting?.Name ?? "world"}");
    await Task.Delay(TimeSpan.FromSeconds(greeting?.Seconds ?? 0), cancellationToken);
    return FunctionAnswer.Json(new { message = $"Hello {greeting?.Name ?? "world"}", callId = call.Id });
});
