using System.Text.Json;
using HelloCsharp;

// Greets by name: {"name": "Ada"}. With "fail" it does not succeed.
await Fdk.HandleAsync(async (input, context, cancellationToken) =>
{
    var request = await JsonSerializer.DeserializeAsync<Greeting>(input, Fdk.Json, cancellationToken) ?? new Greeting();
    Console.WriteLine($"call {context.CallId} until {context.Deadline:O}");
    if (request.Fail)
        throw new InvalidOperationException("as you wished");
    return new { message = $"Hello {request.Name ?? "World"} from C#" };
});

internal sealed record Greeting
{
    public string? Name { get; init; }

    public bool Fail { get; init; }
}
