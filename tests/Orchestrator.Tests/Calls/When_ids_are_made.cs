using Orchestrator.Sagas.Calls;

namespace Orchestrator.Tests.Calls;

public sealed class When_ids_are_made
{
    [Fact]
    public void Should_be_26_characters_in_the_order_of_their_making()
    {
        var ids = new CallId(TimeProvider.System);
        var made = Enumerable.Range(0, 5000).Select(_ => ids.Next()).ToList();
        Assert.All(made, id => Assert.True(CallId.IsId(id), id));
        Assert.Equal(made.Order(StringComparer.Ordinal), made);
        Assert.Equal(made.Count, made.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Should_not_collide_when_many_make_them()
    {
        var ids = new CallId(TimeProvider.System);
        var made = Enumerable.Range(0, 8).AsParallel().SelectMany(_ => Enumerable.Range(0, 2000).Select(_ => ids.Next()).ToList()).ToList();
        Assert.Equal(made.Count, made.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Should_come_back_from_text_in_either_case()
    {
        var random = new Random(3);
        var bytes = new byte[16];
        var back = new byte[16];
        for (var i = 0; i < 1000; i++)
        {
            random.NextBytes(bytes);
            var text = CallId.Encode(bytes);
            Assert.Equal(26, text.Length);
            Assert.True(CallId.TryDecode(i % 2 == 0 ? text : text.ToLowerInvariant(), back));
            Assert.Equal(bytes, back);
        }
    }

    [Theory]
    [InlineData("01CVT X7D8YNG8G00GZJ000000")]
    [InlineData("01CVTX7D8YNG8G00GZJ00000I1")]
    [InlineData("01CVTX7D8YNG8G00GZJ00000U1")]
    [InlineData("01CVTX7D8YNG8G00GZJ0000001X")]
    [InlineData("81CVTX7D8YNG8G00GZJ0000001")]
    [InlineData("")]
    public void Should_not_be_mistaken_for_other_text(string text) => Assert.False(CallId.IsId(text));

    [Fact]
    public void Should_be_above_the_lowest_of_their_time()
    {
        var now = TimeProvider.System.GetUtcNow();
        var id = new CallId(TimeProvider.System).Next();
        Assert.True(string.CompareOrdinal(CallId.LowestAt(now.AddMilliseconds(-1)), id) < 0);
        Assert.True(string.CompareOrdinal(CallId.LowestAt(now.AddMinutes(1)), id) > 0);
    }
}
