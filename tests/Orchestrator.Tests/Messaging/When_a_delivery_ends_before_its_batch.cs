using MassTransit;
using MassTransit.Serialization;
using Orchestrator.Sagas.Messaging;

namespace Orchestrator.Tests.Messaging;

public sealed class When_a_delivery_ends_before_its_batch
{
    public static TheoryData<IMessageDeserializer> Deserializers => [new OpaqueDeserializer(), new LenientJsonDeserializer()];

    [Theory, MemberData(nameof(Deserializers))]
    public void Should_keep_the_bytes_that_came(IMessageDeserializer deserializer)
    {
        var buffer = """{"id":"mine"}"""u8.ToArray();
        var body = new MemoryMessageBody(buffer);

        deserializer.Deserialize(body, new DictionarySendHeaders(new Dictionary<string, object?>(StringComparer.Ordinal)));
        // What the broker's client does with a buffer that it has back.
        """{"id":"else"}"""u8.CopyTo(buffer);

        Assert.Equal("""{"id":"mine"}"""u8.ToArray(), body.GetBytes());
    }
}
