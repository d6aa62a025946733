using System.Text;
using System.Text.Json;

namespace Orchestrator.Bench.Intake;

/// <summary>An <c>EnqueueJob</c> as a publisher outside of .NET would send it, about 250 bytes.</summary>
public readonly record struct Command(string MessageId, byte[] Body)
{
    public static string ContentType(string form) => form is "envelope" ? "application/vnd.masstransit+json" : "application/json";

    /// <summary>The id of the n-th job of a round: higher than those of earlier rounds, as GitHub's are.</summary>
    public static string Id(int round, int number) => $"5{round:D3}{number:D7}";

    public static Command Create(int round, int number, string form, TimeProvider time)
    {
        var messageId = Guid.CreateVersion7().ToString();
        var labels = JsonSerializer.Serialize(JobKind.Of(number).SentLabels);
        var createdAt = form is "snake" ? "created_at" : "createdAt";
        var body = $$"""
            {"platform":"{{JobKind.Platform}}","id":"{{Id(round, number)}}","labels":{{labels}},"{{createdAt}}":"{{time.GetUtcNow():O}}","raw":{"repository":"acme/widgets","workflow":"CI","run_id":{{number / 10}},"name":"build ({{number % 7}})","head_branch":"main"} }
            """;
        if (form is "envelope")
            body = $$"""{"messageId":"{{messageId}}","messageType":["urn:message:Orchestrator.Contracts.Jobs:EnqueueJob"],"message":{{body}}}""";
        return new Command(messageId, Encoding.UTF8.GetBytes(body));
    }
}
