using FluentValidation;
using Orchestrator.Contracts.Clones;
using Orchestrator.Sagas.Jobs;

namespace Orchestrator.Sagas.Clones;

public sealed class CreateCloneValidator : AbstractValidator<CreateClone>
{
    private const int MaxSettings = 100;

    public CreateCloneValidator()
    {
        RuleFor(c => c.Id).CloneId();
        RuleFor(c => c.Snapshot).Must(snapshot => snapshot is null || (snapshot.Length is > 0 and <= CloneRules.MaxSnapshotIdLength && CloneRules.IsText(snapshot)))
            .WithMessage("'{PropertyName}' must be the id of a snapshot or a time.");
        RuleFor(c => (string?)c.Username).PostgresName().OverridePropertyName(nameof(CreateClone.Username));
        RuleFor(c => c.Verifier).ScramVerifier();
        RuleFor(c => c.DbName).PostgresName();
        RuleFor(c => c.ExtraConf).Must(settings => settings is null || settings.Count <= MaxSettings)
            .WithMessage($"'{{PropertyName}}' must have at most {MaxSettings} entries.")
            .Must(settings => settings is null || settings.All(setting => CloneRules.IsText(setting.Key) && CloneRules.IsText(setting.Value)))
            .WithMessage("'{PropertyName}' must hold text without control characters.");
        RuleFor(c => c.Name).ShortText();
        RuleFor(c => c.Project).ShortText();
        RuleFor(c => c.Owner).ShortText();
        RuleFor(c => c.ProtectionDurationMinutes).Minutes();
        RuleFor(c => c.DeleteAt).Time();
    }
}

public sealed class UpdateCloneValidator : AbstractValidator<UpdateClone>
{
    public UpdateCloneValidator()
    {
        RuleFor(c => c.Id).CloneId();
        RuleFor(c => c.ProtectionDurationMinutes).Minutes();
        RuleFor(c => c.ProtectionDurationMinutes).Null().When(c => c.IsProtected is false)
            .WithMessage("'{PropertyName}' must be absent where the protection ends.");
        RuleFor(c => c.DeleteAt).Time();
        RuleFor(c => c.DeleteAt).Null().When(c => c.NoDeleteAt).WithMessage("'{PropertyName}' must be absent where it is removed.");
        RuleFor(c => c.Name).ShortText();
        RuleFor(c => c.Project).ShortText();
    }
}

public sealed class ResetCloneValidator : AbstractValidator<ResetClone>
{
    public ResetCloneValidator()
    {
        RuleFor(c => c.Id).CloneId();
        RuleFor(c => c.SnapshotId).SnapshotId();
        RuleFor(c => c.SnapshotId).Null().When(c => c.IsLatest)
            .WithMessage("'{PropertyName}' and 'latest' must not be given together.");
    }
}

public sealed class DeleteCloneValidator : AbstractValidator<DeleteClone>
{
    public DeleteCloneValidator()
    {
        RuleFor(c => c.Id).CloneId();
        RuleFor(c => c.Reason).ShortText();
    }
}

public sealed class CreateSnapshotValidator : AbstractValidator<CreateSnapshot>
{
    private const int MaxPathLength = 1000;

    public CreateSnapshotValidator()
    {
        RuleFor(c => c.Id).SnapshotId();
        RuleFor(c => c.Source).ShortText();
        RuleFor(c => c.Source).Must((command, _) => new[] { command.Source, command.Dump, command.CloneId }.Count(source => source is not null) <= 1)
            .WithMessage("Only one of 'source', 'dump' and 'cloneId' may be given.");
        RuleFor(c => c.Dump).Must(path => path is null || (path.Length is > 0 and <= MaxPathLength && JobRules.IsStorable(path)))
            .WithMessage($"'{{PropertyName}}' must be a path of at most {MaxPathLength} characters.");
        RuleFor(c => c.DumpDatabase).PostgresName();
        RuleFor(c => c.CloneId!).CloneId().When(c => c.CloneId is not null).OverridePropertyName(nameof(CreateSnapshot.CloneId));
        RuleFor(c => c.Message).ShortText();
    }
}

public sealed class UpdateSnapshotValidator : AbstractValidator<UpdateSnapshot>
{
    public UpdateSnapshotValidator()
    {
        RuleFor(c => (string?)c.Id).SnapshotId().OverridePropertyName(nameof(UpdateSnapshot.Id));
        RuleFor(c => c.ProtectionDurationMinutes).Minutes();
        RuleFor(c => c.ProtectionDurationMinutes).Null().When(c => c.IsProtected is false)
            .WithMessage("'{PropertyName}' must be absent where the protection ends.");
        RuleFor(c => c.DeleteAt).Time();
        RuleFor(c => c.DeleteAt).Null().When(c => c.NoDeleteAt).WithMessage("'{PropertyName}' must be absent where it is removed.");
    }
}

public sealed class DeleteSnapshotValidator : AbstractValidator<DeleteSnapshot>
{
    public DeleteSnapshotValidator()
    {
        RuleFor(c => (string?)c.Id).SnapshotId().OverridePropertyName(nameof(DeleteSnapshot.Id));
        RuleFor(c => c.Reason).ShortText();
    }
}

public sealed class RefreshSnapshotValidator : AbstractValidator<RefreshSnapshot>
{
    public RefreshSnapshotValidator() => RuleFor(c => (string?)c.Source).NotEmpty().ShortText().OverridePropertyName(nameof(RefreshSnapshot.Source));
}
