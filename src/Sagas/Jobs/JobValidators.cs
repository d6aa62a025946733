using FluentValidation;
using Orchestrator.Contracts.Jobs;

namespace Orchestrator.Sagas.Jobs;

public sealed class EnqueueJobValidator : AbstractValidator<EnqueueJob>
{
    public EnqueueJobValidator()
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Id).JobId();
        RuleFor(c => c.Labels).NotNull().Labels();
        RuleFor(c => c.CreatedAt).Time();
        RuleFor(c => c.Raw).JsonObject();
    }
}

public sealed class StartJobValidator : AbstractValidator<StartJob>
{
    public StartJobValidator()
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Id).JobId();
        RuleFor(c => (DateTimeOffset?)c.StartedAt).Time().OverridePropertyName(nameof(StartJob.StartedAt));
        RuleFor(c => c.Labels).Labels();
        RuleFor(c => c.CreatedAt).Time();
        RuleFor(c => c.Raw).JsonObject();
    }
}

public sealed class CompleteJobValidator : AbstractValidator<CompleteJob>
{
    public CompleteJobValidator()
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Id).JobId();
        RuleFor(c => (DateTimeOffset?)c.CompletedAt).Time().OverridePropertyName(nameof(CompleteJob.CompletedAt));
        RuleFor(c => c.StartedAt).Time();
        RuleFor(c => c.Labels).Labels();
        RuleFor(c => c.CreatedAt).Time();
        RuleFor(c => c.Raw).JsonObject();
    }
}

public sealed class DeleteJobValidator : AbstractValidator<DeleteJob>
{
    public DeleteJobValidator()
    {
        RuleFor(c => c.Platform).Platform();
        RuleFor(c => c.Id).JobId();
    }
}
