using Orchestrator.Sagas.Actions.Authoring;

namespace Orchestrator.Tests.Actions;

/// <summary>Everything that can be wrong with an action is said when it is registered, each by an exception of its own.</summary>
public sealed class When_an_action_is_registered
{
    private static readonly JobDefinition Base = JobDefinition.Of<string, Example>("s1", (_, text) => Task.FromResult(new Example(text)));

    [Fact]
    public void Should_refuse_an_empty_sequence() =>
        Assert.Equal("job sequence is empty", Assert.Throws<EmptyJobSequenceException>(() => new ActionDefinition(null, "a")).Message);

    [Fact]
    public void Should_refuse_names_that_are_not_unique() => Assert.Equal(
        "job name s1 is not unique: jobs names must be unique",
        Assert.Throws<JobNamesNotUniqueException>(() => new ActionDefinition(null, "a", Base, Base)).Message);

    [Fact]
    public void Should_take_the_same_job_twice_when_it_is_renamed()
    {
        var check = JobDefinition.Of<Nil, Nil>("check", (_, nil) => Task.FromResult(nil));
        var action = new ActionDefinition(null, "a", Base, check, check.Rename("check again"));
        Assert.Equal(["s1", "check", "check again"], action.Jobs.Select(job => job.Name));
        Assert.Equal("check", check.Name);
    }

    [Fact]
    public void Should_refuse_a_nil_action() =>
        Assert.Equal("action is nil", Assert.Throws<ActionIsNilException>(() => new ActionRegistry().Register(null)).Message);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Should_refuse_an_action_without_a_name(string? name)
    {
        const string text = "tried to generate an application action name with no action name";
        Assert.Equal(text, Assert.Throws<NoActionNameException>(() => new ActionDefinition("app", name!, Base)).Message);
        Assert.Equal(text, Assert.Throws<NoActionNameException>(() => new ActionRegistry().Find("app", name)).Message);
    }

    [Fact]
    public void Should_refuse_an_action_that_exists_and_find_none_that_does_not()
    {
        var registry = new ActionRegistry();
        registry.Register(new ActionDefinition("app", "a", Base));
        Assert.StartsWith("action already exists", Assert.Throws<ActionExistsException>(() => registry.Register(new ActionDefinition("app", "a", Base))).Message, StringComparison.Ordinal);
        Assert.StartsWith("action not found", Assert.Throws<ActionNotFoundException>(() => registry.Find("app", "b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Should_look_up_without_collisions_and_fall_back_to_the_generic_action()
    {
        var registry = new ActionRegistry();
        var abc = new ActionDefinition("ab", "c", Base);
        var generic = new ActionDefinition(null, "c", Base);
        registry.Register(abc);
        registry.Register(new ActionDefinition("a", "bc", Base));
        registry.Register(new ActionDefinition("", "abc", Base));
        registry.Register(generic);
        Assert.Same(abc, registry.Find("ab", "c"));
        Assert.Same(generic, registry.Find("other", "c"));
        Assert.Same(generic, registry.Find(null, "c"));
        Assert.Throws<ActionNotFoundException>(() => registry.Find("ab", "bc"));
    }

    [Fact]
    public void Should_take_the_three_jobs_of_the_seed()
    {
        var s2 = JobDefinition.Of<Nil, Nil>("s2", (_, nil) => Task.FromResult(nil));
        var s3 = JobDefinition.Of<Example, Nil>("s3", (_, _) => Task.FromResult(Nil.Value));
        Assert.Equal(typeof(string), new ActionDefinition(null, "a", Base, s2, s3).InputType);
        Assert.Equal(typeof(Nil), new ActionDefinition(null, "a", s2).InputType);
    }

    [Fact]
    public void Should_refuse_a_job_that_does_not_fit_what_reaches_it()
    {
        var s2 = JobDefinition.Of<Nil, Nil>("s2", (_, nil) => Task.FromResult(nil));
        var wrong = JobDefinition.Of<int, Nil>("wrong", (_, _) => Task.FromResult(Nil.Value));
        Assert.Equal(
            "job wrong takes int, but test.example reaches it",
            Assert.Throws<InputMismatchException>(() => new ActionDefinition(null, "a", Base, s2, wrong)).Message);
    }

    [Fact]
    public void Should_refuse_data_that_cannot_be_stored()
    {
        Assert.Throws<DataNotSerializableException>(() => new ActionDefinition(null, "a", JobDefinition.Of<Nil, WithDelegate>("a", (_, _) => Task.FromResult(new WithDelegate()))));
        Assert.Throws<DataNotSerializableException>(() => new ActionDefinition(null, "a", JobDefinition.Of<Nil, WithService>("a", (_, _) => Task.FromResult<WithService>(null!))));
        Assert.Throws<DataAliasException>(() => new ActionDefinition(null, "a", JobDefinition.Of<Nil, WithoutAlias>("a", (_, _) => Task.FromResult(new WithoutAlias()))));
        Assert.Throws<DataAliasException>(() => new ActionDefinition(null, "a", JobDefinition.Of<Example, OtherExample>("a", (_, _) => Task.FromResult(new OtherExample()))));
    }

    [Fact]
    public void Should_refuse_a_job_that_is_not_complete()
    {
        Assert.Throws<InvalidJobException>(() => new ActionDefinition(null, "a", Base with { Name = "" }));
        Assert.Throws<InvalidJobException>(() => new ActionDefinition(null, "a", Base with { Execute = null }));
        Assert.Throws<InvalidJobException>(() => new ActionDefinition(null, "a", Base with { InputType = null }));
        Assert.Throws<InvalidJobException>(() => new ActionDefinition(null, "a", Base.With(new JobPolicy { Attempts = 0 })));
    }

    [Fact]
    public void Should_fill_gaps_and_replace_what_an_extension_sets()
    {
        JobFunction first = (_, value) => Task.FromResult(value);
        JobFunction second = (_, value) => Task.FromResult(value);
        JobRollback undo = (_, _) => Task.CompletedTask;
        var job = Base with { PreHooks = [first, first], PostHooks = [first], Rollback = undo };

        var extended = job.Extend(new JobDefinition { PreHooks = [second] });

        Assert.Equal([second], extended.PreHooks);
        Assert.Equal([first], extended.PostHooks);
        Assert.Equal(("s1", undo, job.Execute), (extended.Name, extended.Rollback, extended.Execute));
        Assert.Equal([first, first], job.PreHooks);
        Assert.Equal("fitted", job.Extend(new JobDefinition { Name = "fitted" }).Name);
        Assert.Throws<ExecuteCannotBeExtendedException>(() => job.Extend(Base));
    }

    [Fact]
    public void Should_tell_lists_of_jobs_apart_by_their_hash()
    {
        var action = new ActionDefinition(null, "a", Base, Base.Rename("s2") with { InputType = typeof(Example), Execute = (_, value) => Task.FromResult(value) });
        Assert.Equal(action.Hash, new ActionDefinition(null, "a", action.Jobs).Hash);
        Assert.NotEqual(action.Hash, new ActionDefinition(null, "a", Base).Hash);
        Assert.NotEqual(action.Hash, new ActionDefinition("app", "a", action.Jobs).Hash);
        Assert.NotEqual(action.Declared("1", 1).Hash, action.Declared("2", 2).Hash);
    }

    [JobData("test.example")]
    public sealed record Example(string Text);

    [JobData("test.example")]
    public sealed record OtherExample;

    [JobData("test.delegate")]
    public sealed record WithDelegate
    {
        public Func<int>? Function { get; init; }
    }

    [JobData("test.service")]
    public sealed class WithService(IServiceProvider services)
    {
        public IServiceProvider Services => services;
    }

    public sealed record WithoutAlias;
}
