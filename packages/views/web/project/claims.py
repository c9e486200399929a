"""What trusted publishers are, said in words."""

from collections.abc import Mapping


def in_words(provider: str, fields: Mapping[str, str]) -> str:
    """Which workload a publisher is, by the fields that it is registered with."""
    environment = f" in the environment {fields['environment']}" if fields.get("environment") else ""
    if provider == "github":
        repository = f"{fields['repository_owner']}/{fields['repository']}"
        return f"the workflow {fields['workflow_filename']} of {repository}{environment}"
    if provider == "gitlab":
        project = f"{fields['namespace']}/{fields['project']}"
        return f"the pipeline {fields['workflow_filepath']} of {project}{environment}"
    if provider == "google":
        subject = f" with the subject {fields['sub']}" if fields.get("sub") else ""
        return f"the service account {fields['email']}{subject}"
    further = [f"{name} = {value}" for name, value in sorted(fields.items()) if name != "sub"]
    return f"the subject {fields.get('sub', '')}{' with ' if further else ''}{', '.join(further)}"
